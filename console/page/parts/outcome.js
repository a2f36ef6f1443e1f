/* Marks what became of a photo, by colour, shape and word alike, and says what a person made of it. */

import { create, createIcon } from "./element.js";

export const OUTCOMES = ["routed", "refused", "failed", "routed by review", "discarded", "running"];
const SHAPES = {
  routed: "M3 8.5 6.5 12 13 4.5",
  refused: "M4.5 4.5 11.5 11.5 M8 1.5 a6.5 6.5 0 1 0 .01 0",
  failed: "M4 4 12 12 M12 4 4 12",
  "routed by review": "M8 2 a2.6 2.6 0 1 0 .01 0 M2.5 14.5 a5.5 5.5 0 0 1 11 0",
  discarded: "M2.5 8 13.5 8",
  running: "M8 1.8 a6.2 6.2 0 1 1 -6.2 6.2",
};

/** Returns the mark of an outcome; `word` stands in place of its own name. */
export function createOutcomeMark(outcome, word = outcome) {
  return create(
    "span",
    { class: `outcome ${outcome.replaceAll(" ", "-")}` },
    createIcon({ d: SHAPES[outcome], fill: "none", stroke: "currentColor", "stroke-width": 2 }),
    word,
  );
}

/** Returns who judged a photo, by the last part of their ARN, with the whole of it to be read on demand. */
export const createReviewer = (arn) => create("span", { title: arn }, `by ${arn.split(/[:/]/).at(-1)}`);
