/* What happened in an execution: its outcome, the model's probabilities, and each state with input and output. */

import { classMark } from "./class_mark.js";
import { recordTable } from "./data_table.js";
import { element } from "./element.js";
import { counted, duration, probability, time } from "./format.js";
import { outcomeMark } from "./outcome.js";

const LONGEST_TEXT = 160;

/** The outcome in a sentence. */
export function answer(execution, threshold) {
  const { outcome, predicted_class: predicted, confidence, error, cause, milliseconds } = execution;
  const sentence = {
    running: "The photo is on its way through the state machine.",
    routed: `Routed as ${predicted}: the model is sure enough, ${probability(confidence, threshold)}.`,
    // The filter writes all decimals that there are.
    refused: (cause ?? "The confidence is below the threshold.").replace(/\d\.\d{4,}(e-\d+)?/g, (number) =>
      probability(Number(number), threshold),
    ),
    failed: [error, cause].filter(Boolean).join(": ") || "The execution failed.",
  }[outcome];
  return element(
    "div",
    { class: "stack" },
    element(
      "p",
      { class: "row" },
      outcomeMark(outcome),
      milliseconds === null ? null : element("span", { class: "muted" }, `after ${duration(milliseconds)}`),
    ),
    element("p", {}, sentence),
  );
}

/** A bar for each class's probability, most probable first, with the threshold as a dashed line. */
export function probabilityBars(execution, classes, threshold) {
  const inferences = lastInferences(execution.states);
  if (inferences === null) return null;
  const ranked = inferences
    .map((value, index) => [value, classes[index] ?? `class ${index}`])
    .sort(([one], [other]) => other - one)
    .slice(0, 5);
  return element(
    "div",
    { class: "probabilities", role: "group", "aria-label": "Probabilities" },
    ranked.map(([value, name]) =>
      element(
        "div",
        {},
        classMark(classes, name),
        element(
          "span",
          { class: "bar", "aria-hidden": "true" },
          element("span", {
            style: {
              width: `${value * 100}%`,
              background: `var(--class-${Math.max(classes.indexOf(name), 0) % 6})`,
            },
          }),
          threshold === null ? null : element("i", { style: { left: `${threshold * 100}%` } }),
        ),
        element("span", { class: "number" }, probability(value, threshold)),
      ),
    ),
    threshold === null
      ? null
      : element("p", { class: "muted small" }, `Dashed: the threshold, ${probability(threshold)}.`),
  );
}

/** The model's answer as the last state saw it; null if the photo never got to be classified. */
function lastInferences(states) {
  for (const { output, input } of [...states].reverse()) {
    const seen = [output, input].find((value) => Array.isArray(value?.inferences));
    if (seen) return seen.inferences;
  }
  return null;
}

/** The table of states, each with its input and output to open. */
export function stateTable(states) {
  if (states.length === 0) return element("p", { class: "muted" }, "No state was entered yet.");
  return recordTable(
    "States in the order in which the photo entered them",
    ["State", "What happened", "Entered", "#Took", "Input, output, error"],
    states.map((state) => [
      state.name,
      stateMark(state.status),
      element("span", { class: "when" }, time(state.entered)),
      duration(state.milliseconds),
      element("div", {}, state.attempts > 1 ? counted(state.attempts, "attempt") : null, details(state)),
    ]),
  );
}

function stateMark(status) {
  const outcome = { succeeded: "routed", caught: "refused", running: "running" }[status] ?? "failed";
  const mark = outcomeMark(outcome);
  mark.lastChild.data = status === "caught" ? "error caught" : status;
  return mark;
}

function details(state) {
  const parts = [
    ["Input", state.input],
    ["Output", state.output],
    ["Error", state.error],
    ["Cause", state.cause],
  ];
  return parts
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) =>
      element(
        "details",
        {},
        element("summary", {}, name),
        element("pre", { tabindex: "0" }, readable(value)),
      ),
    );
}

/** JSON for people: a picture in base64 is said to be there, not spelled out. */
export function readable(value) {
  if (typeof value === "string") return shortened(value, 2000);
  return JSON.stringify(
    value,
    (_, inner) => (typeof inner === "string" ? shortened(inner, LONGEST_TEXT) : inner),
    2,
  );
}

function shortened(text, length) {
  return text.length > length ? `${text.slice(0, length / 4)}… (${counted(text.length, "character")})` : text;
}
