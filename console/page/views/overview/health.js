/* Draws the answer to "is it well?": a sentence and a colour, and of what is not where to see it. */

import { html, nothing, svg } from "/static/lit-html/lit-html.js";
import { formatThreshold } from "../../parts/format.js";

const SHAPES = {
  well: "M3 8.5 6.5 12 13 4.5",
  look: "M8 1.5 15 14.5 1 14.5z M8 6v4 M8 11.8v1",
  act: "M8 1.2a6.8 6.8 0 1 0 .01 0 M8 4v5 M8 10.8v1.2",
};

export function drawHealth(overview) {
  const { level, sentence, summary, findings } = overview.health;
  return html`<section class="card health ${level}" aria-label="Is it well?">
    <p class="sentence">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        ${svg`<path d=${SHAPES[level]} fill="none" stroke="currentColor" stroke-width="1.6"></path>`}
      </svg>
      <strong>${sentence}</strong>
    </p>
    ${findings.length
      ? html`<ul>
            ${findings.map((finding) => drawFinding(finding, level, overview))}
          </ul>
          <p class="muted">${summary}</p>`
      : nothing}
  </section>`;
}

function drawFinding({ level, about, brief, text }, worst, overview) {
  // What is as grave as anything stands in the sentence above.
  const unsaid = level === worst ? nothing : html`<b>${brief[0].toUpperCase()}${brief.slice(1)}.</b> `;
  return html`<li class=${level}><span>${unsaid}${text} ${drawLink(about, overview)}</span></li>`;
}

/** Draws a link to where a finding is seen. */
function drawLink(about, { links, evaluation, week, endpoint }) {
  if (about === "endpoint") {
    return links?.endpoint
      ? html`<a href=${links.endpoint} target="_blank" rel="noopener noreferrer">Open in AWS's console</a>`
      : html`<a href="#/overview" @click=${showCard("endpoint")}>See the endpoint</a>`;
  }
  if (about === "alarms") {
    return html`<a href="#/overview" @click=${showCard("alarms")}>See why, and what to do</a>`;
  }
  if (about === "failed") {
    // Where the endpoint is switched off, that there is none is no finding.
    const unfound = endpoint.switched_off ? "EndpointNotInService" : null;
    const error = Object.keys(week.day.errors).find((name) => name !== unfound);
    const wanted = new URLSearchParams({ outcome: "failed", error, from: "day" });
    return html`<a href="#/executions?${wanted}">See what failed with ${error}</a>`;
  }
  const [address, words] = {
    refused: ["#/confidence?period=day", "See their confidence"],
    waiting: ["#/review", "Review them"],
    threshold: evaluation.recommended
      ? [
          `#/confidence?threshold=${formatThreshold(evaluation.recommended)}`,
          `See what ${formatThreshold(evaluation.recommended)} would do`,
        ]
      : ["#/confidence", "See Confidence"],
    counting: ["#/executions", "See the executions"],
  }[about];
  return html`<a href=${address}>${words}</a>`;
}

/** Returns what leads to a card of this view. */
const showCard = (name) => (event) => {
  event.preventDefault();
  const card = document.getElementById(`overview-${name}`);
  card.scrollIntoView({ block: "center" });
  card.focus({ preventScroll: true });
};
