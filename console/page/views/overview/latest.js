/* Draws the last photos, and the last one that failed with its error. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { repeat } from "/static/lit-html/directives/repeat.js";
import { drawNotice } from "../../parts/answers.js";
import { drawCard, drawConsoleLink } from "../../parts/card.js";
import { drawClass } from "../../parts/class_mark.js";
import { linkExecution } from "../../parts/execution_link.js";
import { drawFileName } from "../../parts/file_name.js";
import { formatDuration, formatProbability, formatShortTime, formatTime } from "../../parts/format.js";
import { drawOutcome } from "../../parts/outcome.js";
import "../../parts/photo_image.js";

// What has no picture is not asked for one.
const WITHOUT_PICTURE = { ImageNotFound: "not found", InvalidImage: "not an image" };

export function drawLatest({ latest, classes, links }) {
  return html`<section class="card" aria-label="Last executions">
    <div class="row">
      <h2>Last executions</h2>
      <span class="end row small">
        ${links?.state_machine ? drawConsoleLink(links.state_machine) : nothing}
        <a href="#/try">Try a photo</a> <a href="#/executions">All executions</a>
      </span>
    </div>
    ${latest.length
      ? html`<ol class="latest">
          ${repeat(
            latest,
            (line) => line.photo ?? line.id,
            (line) => drawLine(line, classes),
          )}
        </ol>`
      : drawNotice("No photo in the last 7 days.")}
  </section>`;
}

function drawLine(line, classes) {
  const named = line.label ?? line.predicted_class;
  const when = line.decided ?? line.started;
  return html`<li>
    <a href=${linkExecution(line)}>
      <photo-image
        class="thumbnail"
        alt=""
        path=${findPicture(line)}
        missing=${WITHOUT_PICTURE[line.error] ?? "none named"}
      ></photo-image>
      <span class="name">${drawFileName(line.name ?? line.id)}</span>
      <span class="what">
        ${drawOutcome(line.outcome)}
        ${named ? drawClass(classes, named) : html`<span>${line.error}</span>`}
        ${line.confidence === null ? nothing : html`<span>${formatProbability(line.confidence)}</span>`}
      </span>
      <span class="when muted small">
        <span title=${formatTime(when)}>${formatShortTime(when)}</span>
        ${line.milliseconds === null ? nothing : html`<span>${formatDuration(line.milliseconds)}</span>`}
      </span>
    </a>
  </li>`;
}

function findPicture({ id, photo, key, error }) {
  if (!key || error in WITHOUT_PICTURE) return "";
  return photo
    ? `/api/outcomes/${encodeURIComponent(photo)}/picture`
    : `/api/executions/${encodeURIComponent(id)}/photo`;
}

export function drawLastFailure({ last_failed: line }) {
  if (!line) {
    const words = drawOutcome("routed", "No photo failed in the last 7 days");
    return drawCard("Last error", html`<p>${words}</p>`);
  }
  const { error, cause, name, decided, started } = line;
  return drawCard(
    "Last error",
    html`<p>
        <a class="outcome failed" href=${linkExecution(line)}>${error ?? "failed"}</a>
        <span class="muted small">${formatShortTime(decided ?? started)}</span>
      </p>
      ${name ? html`<p>${drawFileName(name)}</p>` : nothing} ${cause ? html`<p>${cause}</p>` : nothing}
      <p><a class="small" href="#/executions?outcome=failed">All failed photos</a></p>`,
  );
}
