/* Shows what happened in an execution: its outcome in a sentence, the model's probabilities, and its steps. */

import { html } from "/static/lit-html/lit-html.js";
import { drawTable } from "./data_table.js";
import { formatDuration, formatProbability, formatQuantity, formatThreshold, formatTime } from "./format.js";
import { drawOutcome } from "./outcome.js";
import { drawProbabilityBars } from "./probability_bars.js";

export const NONE_OF_THE_CLASSES = "NoneOfTheClasses";
const REFUSALS = ["ThresholdConfidenceNotMet", NONE_OF_THE_CLASSES];
// A better outcome of the photo is in the table, or the same one, as after a second execution.
const KEPT_ALREADY = "DynamoDB.ConditionalCheckFailedException";

/** Draws the outcome's mark, and the outcome in a sentence. */
export function drawAnswer(execution) {
  const { outcome, milliseconds, states } = execution;
  const ending = outcome === "failed" ? states[findTelling(states)]?.name : null;
  return html`<div class="stack">
    <p class="row">
      ${drawOutcome(outcome)}
      ${ending ? html`<span>in ${ending}</span>` : ""}
      ${milliseconds === null ? "" : html`<span class="muted">after ${formatDuration(milliseconds)}</span>`}
    </p>
    <p>${describeOutcome(execution)}</p>
  </div>`;
}

function describeOutcome({ outcome, predicted_class: predicted, confidence, threshold, error, cause }) {
  const isKnown = typeof threshold === "number";
  switch (outcome) {
    case "running":
      return "The photo is on its way through the workflow.";
    case "routed": {
      const needed = isKnown ? ` (threshold ${formatThreshold(threshold)})` : "";
      return `Routed as ${predicted ?? "–"}, confidence ${formatProbability(confidence)}${needed}`;
    }
    case "refused": {
      if (error === NONE_OF_THE_CLASSES) return `Refused: ${describeNone(cause)}`;
      const needed = isKnown ? `; ${formatThreshold(threshold)} is needed` : "";
      return predicted
        ? `Refused: the best guess, ${predicted}, has ${formatProbability(confidence)}${needed}.`
        : `Refused: the confidence is below the threshold.`;
    }
    default:
      return [error, cause].filter(Boolean).join(": ") || "The execution failed.";
  }
}

/** Returns what the filter says that a photo shows: "no bicycle or motorcycle", or what it says at all. */
export const describeNone = (cause) => /^The photo shows (.+?): /.exec(cause ?? "")?.[1] ?? "none of the classes";

/**
 * Draws the bars of the model's answer with the threshold that decided the execution; nothing if the photo was never
 * classified.
 *
 * @param {number|null} present The threshold now, which decides what still runs.
 */
export function drawAnswerBars(execution, classes, present) {
  const inferences = findInferences(execution.states);
  if (inferences === null) return "";
  const { outcome, threshold } = execution;
  const named = inferences.map((value, index) => [classes[index] ?? `class ${index}`, value]);
  const decisive = threshold ?? (outcome === "running" ? present : null);
  return html`${drawProbabilityBars(named, classes, decisive)}
  ${decisive === null && present !== null
    ? html`<p class="muted small">
        Threshold now: ${formatThreshold(present)}, it may have been another then.
      </p>`
    : ""}`;
}

/** Returns the model's answer as the last state saw it; null if the photo was never classified. */
function findInferences(states) {
  for (const { output, input } of [...states].reverse()) {
    const seen = [output, input].find((value) => Array.isArray(value?.inferences) && value.inferences.length);
    if (seen) return seen.inferences;
  }
  return null;
}

/** Draws the steps that an execution took, each with its time from the start on and a bar of how long it took. */
export function drawSteps(execution, drawName = (state) => state.name) {
  const { states, started } = execution;
  if (states.length === 0) return html`<p class="muted">No step was entered yet.</p>`;
  const end = Math.max(...states.map((state) => state.entered + (state.milliseconds ?? 0) / 1000));
  const total = Math.max(end - started, 0.001);
  const drawBar = (state) => {
    const from = (state.entered - started) / total;
    const width = state.status === "running" ? 1 - from : (state.milliseconds ?? 0) / 1000 / total;
    return html`<span class="step-bar ${describeStatus(state)[0]}" aria-hidden="true"
      ><i .style=${`left: ${from * 100}%; width: max(3px, ${width * 100}%)`}></i
    ></span>`;
  };
  const table = drawTable(
    "Steps, in order",
    ["Step", "What happened", "#Started", "#Took", "Timeline"],
    states.map((state, index) => [
      drawName(state, index),
      html`${drawStatus(state)}
      ${state.attempts.length > 1
        ? html`<div class="small muted">${formatQuantity(state.attempts.length, "attempt")}</div>`
        : ""}`,
      html`<span title=${formatTime(state.entered)}>${formatOffset(state.entered - started)}</span>`,
      formatDuration(state.milliseconds),
      drawBar(state),
    ]),
    { records: true },
  );
  return html`<div class="step-list">${table}</div>`;
}

/** Returns the index of the step that tells most: the one whose error decided, or else the last one. */
export function findTelling(states) {
  const failed = states.findIndex((state) => ["refused", "failed"].includes(describeStatus(state)[0]));
  return failed < 0 ? states.length - 1 : failed;
}

/** Formats seconds from an execution's start on. */
export const formatOffset = (seconds) => `+${formatDuration(Math.max(seconds, 0) * 1000)}`;

/** Draws what happened to a state. */
export const drawStatus = (state) => drawOutcome(...describeStatus(state));

/** Returns the outcome whose mark and colour a state has, and the word for it. A refusal is no failure. */
export function describeStatus({ status, error }) {
  if (REFUSALS.includes(error) && (status === "caught" || status === "failed")) return ["refused", "refused"];
  if (status === "caught" && error === KEPT_ALREADY) return ["routed", "kept already"];
  if (status === "caught") return ["refused", "handled error"];
  return [{ succeeded: "routed", running: "running" }[status] ?? "failed", status];
}
