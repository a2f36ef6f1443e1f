/* Marks what became of a photo, by colour, shape and word alike, and says what a person made of it. */

import { html, svg } from "/static/lit-html/lit-html.js";

export const OUTCOMES = ["routed", "refused", "failed", "routed by review", "discarded", "running"];
const SHAPES = {
  routed: "M3 8.5 6.5 12 13 4.5",
  refused: "M4.5 4.5 11.5 11.5 M8 1.5 a6.5 6.5 0 1 0 .01 0",
  failed: "M4 4 12 12 M12 4 4 12",
  "routed by review": "M8 2 a2.6 2.6 0 1 0 .01 0 M2.5 14.5 a5.5 5.5 0 0 1 11 0",
  discarded: "M2.5 8 13.5 8",
  queued: "M8 1.8 a6.2 6.2 0 1 0 .01 0 M8 4.5 8 8 10.5 10",
  running: "M8 1.8 a6.2 6.2 0 1 1 -6.2 6.2",
};

/** Draws the mark of an outcome; `word` stands in place of its own name. */
export const drawOutcome = (outcome, word = outcome) =>
  html`<span class="outcome ${outcome.replaceAll(" ", "-")}"
    ><svg viewBox="0 0 16 16" aria-hidden="true">
      ${svg`<path d=${SHAPES[outcome]} fill="none" stroke="currentColor" stroke-width="2"></path>`}</svg
    >${word}</span
  >`;

/** Draws an error's name, which breaks, where there is no room for it, between its words. */
export const drawErrorName = (name) =>
  name
    .split(/(?<=[a-z\d])(?=[A-Z])|(?<=[A-Za-z\d])(?=\.)/)
    .map((word, index) => (index ? html`<wbr />${word}` : word));

/** Draws who judged a photo, by the last part of their ARN, with the whole of it to be read on demand. */
export const drawReviewer = (arn) => html`<span title=${arn}>by ${arn.split(/[:/]/).at(-1)}</span>`;
