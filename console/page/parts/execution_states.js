/* Shows what happened in an execution: its outcome, the model's probabilities, each state with input and output. */

import { createRecordTable } from "./data_table.js";
import { create } from "./element.js";
import { formatDuration, formatProbability, formatQuantity, formatThreshold, formatTime } from "./format.js";
import { createOutcomeMark } from "./outcome.js";
import { createProbabilityBars } from "./probability_bars.js";

const LONGEST_TEXT = 160;

/** Returns the outcome's mark, and the outcome in a sentence. */
export function createAnswer(execution) {
  const { outcome, predicted_class: predicted, confidence, error, cause, milliseconds } = execution;
  const sentence = {
    running: "The photo is on its way through the state machine.",
    routed: `Routed as ${predicted}: the model is sure enough, ${formatProbability(confidence)}.`,
    // The filter writes all decimals.
    refused: (cause ?? "The confidence is below the threshold.").replace(
      /(the threshold )?(\d\.\d{4,}(?:e-\d+)?)/g,
      (_, before, number) => (before ? before + formatThreshold(Number(number)) : formatProbability(Number(number))),
    ),
    failed: [error, cause].filter(Boolean).join(": ") || "The execution failed.",
  }[outcome];
  return create(
    "div",
    { class: "stack" },
    create(
      "p",
      { class: "row" },
      createOutcomeMark(outcome),
      milliseconds === null
        ? null
        : create("span", { class: "muted" }, `after ${formatDuration(milliseconds)}`),
    ),
    create("p", {}, sentence),
  );
}

/** Returns the bars of the model's answer; null if the photo was never classified. */
export function createAnswerBars(execution, classes, threshold) {
  const inferences = findInferences(execution.states);
  if (inferences === null) return null;
  const named = inferences.map((value, index) => [classes[index] ?? `class ${index}`, value]);
  return createProbabilityBars(named, classes, threshold);
}

/** Returns the model's answer as the last state saw it; null if the photo was never classified. */
function findInferences(states) {
  for (const { output, input } of [...states].reverse()) {
    const seen = [output, input].find((value) => Array.isArray(value?.inferences));
    if (seen) return seen.inferences;
  }
  return null;
}

/** Returns the table of states, each with its input and output to open. */
export function createStateTable(states) {
  if (states.length === 0) return create("p", { class: "muted" }, "No state was entered yet.");
  return createRecordTable(
    "States in the order in which the photo entered them",
    ["State", "What happened", "Entered", "#Took", "Input, output, error"],
    states.map((state) => [
      state.name,
      createStateMark(state.status),
      create("span", { class: "when" }, formatTime(state.entered)),
      formatDuration(state.milliseconds),
      create(
        "div",
        {},
        state.attempts > 1 ? formatQuantity(state.attempts, "attempt") : null,
        createDetails(state),
      ),
    ]),
  );
}

function createStateMark(status) {
  const outcome = { succeeded: "routed", caught: "refused", running: "running" }[status] ?? "failed";
  return createOutcomeMark(outcome, status === "caught" ? "error caught" : status);
}

function createDetails(state) {
  const parts = [
    ["Input", state.input],
    ["Output", state.output],
    ["Error", state.error],
    ["Cause", state.cause],
  ];
  return parts
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) =>
      create(
        "details",
        {},
        create("summary", {}, name),
        create("pre", { tabindex: "0" }, formatValue(value)),
      ),
    );
}

/** Returns JSON with line breaks; of a picture in base64 and other long text it gives the beginning and the length. */
export function formatValue(value) {
  if (typeof value === "string") return shorten(value, 2000);
  return JSON.stringify(
    value,
    (_, inner) => (typeof inner === "string" ? shorten(inner, LONGEST_TEXT) : inner),
    2,
  );
}

function shorten(text, length) {
  return text.length > length
    ? `${text.slice(0, length / 4)}… (${formatQuantity(text.length, "character")})`
    : text;
}
