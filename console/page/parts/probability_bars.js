/* Shows how probable each class is, as bars that the threshold crosses. */

import { createClassMark, getClassVariable } from "./class_mark.js";
import { create } from "./element.js";
import { formatProbability, formatThreshold } from "./format.js";

const SHOWN = 5;

/**
 * Returns a bar for each of the most probable classes, with the threshold as a dashed line.
 *
 * @param {[string, number][]} probabilities Name and probability of each class.
 * @param {string[]} classes All classes in their order, which gives each its colour.
 * @param {number|null} threshold null where none is known: no line then.
 */
export function createProbabilityBars(probabilities, classes, threshold) {
  const ranked = [...probabilities].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  return create(
    "div",
    { class: "probabilities", role: "group", "aria-label": "Probabilities" },
    ranked.map(([name, value]) =>
      create(
        "div",
        {},
        createClassMark(classes, name),
        create(
          "span",
          { class: "bar", "aria-hidden": "true" },
          create("span", {
            style: { width: `${value * 100}%`, background: getClassVariable(classes, name) },
          }),
          threshold === null ? null : create("i", { style: { left: `${threshold * 100}%` } }),
        ),
        create("span", { class: "number" }, formatProbability(value)),
      ),
    ),
    threshold === null
      ? null
      : create("p", { class: "muted small" }, `Dashed: the threshold, ${formatThreshold(threshold)}.`),
  );
}
