/* Marks what became of a photo, by colour, shape and word alike. */

import { create, createIcon } from "./element.js";

export const OUTCOMES = ["routed", "refused", "failed", "running"];
const SHAPES = {
  routed: "M3 8.5 6.5 12 13 4.5",
  refused: "M4.5 4.5 11.5 11.5 M8 1.5 a6.5 6.5 0 1 0 .01 0",
  failed: "M4 4 12 12 M12 4 4 12",
  running: "M8 1.8 a6.2 6.2 0 1 1 -6.2 6.2",
};

/** Returns the mark of an outcome; `word` stands in place of its own name. */
export function createOutcomeMark(outcome, word = outcome) {
  return create(
    "span",
    { class: `outcome ${outcome}` },
    createIcon({ d: SHAPES[outcome], fill: "none", stroke: "currentColor", "stroke-width": 2 }),
    word,
  );
}
