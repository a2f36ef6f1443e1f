/* Draws how far a batch is and what became of its photos, for the list and for its own view. */

import { html } from "/static/lit-html/lit-html.js";
import { drawClass } from "../../parts/class_mark.js";
import { formatCount } from "../../parts/format.js";
import { drawOutcome } from "../../parts/outcome.js";

const SHOWN_CLASSES = 4;
/* Of each state the outcome whose mark it has. */
const MARKS = { running: "running", done: "routed", failed: "failed", cancelled: "discarded" };

export const drawState = ({ state }) => drawOutcome(MARKS[state], state);

/** Draws a bar and how many photos of how many are done. */
export function drawProgress({ id, state, progress, summary }) {
  if (summary) return html`<span>${formatCount(summary.photos)}</span>`;
  const label = `Photos of ${id} that are done`;
  if (!progress?.total) {
    return state === "running"
      ? html`<progress aria-label=${label}></progress> <span class="small muted">Counting the photos…</span>`
      : "–";
  }
  const done = progress.done + progress.failed;
  return html`<progress aria-label=${label} max=${progress.total} .value=${done}></progress>
    <span class="small">${formatCount(done)} of ${formatCount(progress.total)}</span>`;
}

/** Draws of how many photos each class is, the most frequent first. */
export function drawClasses(routed, classes) {
  const ordered = orderByCount(routed);
  const more = ordered.length - SHOWN_CLASSES;
  if (!ordered.length) return "0";
  return html`<span class="by-class"
    >${ordered
      .slice(0, SHOWN_CLASSES)
      .map(([name, number]) => html`<span class="row">${drawClass(classes, name)} ${formatCount(number)}</span>`)}
    ${more > 0 ? html`<span class="small muted">and ${formatCount(more)} more classes</span>` : ""}</span
  >`;
}

/** Returns names with their numbers, the largest first. */
export const orderByCount = (counts) => Object.entries(counts).sort(([, one], [, other]) => other - one);
