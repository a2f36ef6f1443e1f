/* Shows one step of an execution: its attempts with their errors, and what went in and came out. */

import { html } from "/static/lit-html/lit-html.js";
import { drawTable } from "../../parts/data_table.js";
import { formatDocument } from "../../parts/document_text.js";
import { drawStatus, formatOffset } from "../../parts/execution_states.js";
import { formatDuration, formatQuantity } from "../../parts/format.js";
import { drawDocument } from "./documents.js";

/**
 * Draws the step.
 *
 * @param {object} state
 * @param {object} execution
 * @param {object} form What drawDocument() takes, and `saveData(event, field)`, which saves data of an event.
 */
export function drawStep(state, { started }, { saveData, ...form }) {
  const { name, kind, events, error, cause, attempts, milliseconds } = state;
  const create = (field) => ({
    ...form,
    name,
    save: () => saveData(events[field], field, `${name}, ${field}.json`),
  });
  return html`<section class="step-data stack" id="step-data" aria-label="Data of ${name}">
    <div class="row">
      <h3>${name}</h3>
      ${drawStatus(state)}
      <span class="muted"
        >${kind} state, entered at ${formatOffset(state.entered - started)}, took ${formatDuration(milliseconds)}</span
      >
    </div>
    ${error ? html`<p><strong>${error}</strong>${cause ? `: ${cause}` : ""}</p>` : ""}
    ${attempts.length > 1 ? drawAttempts(attempts, started) : ""}
    <div class="documents">
      ${drawDocument("Input", state.input, create("input"))}
      ${kind === "Fail" || milliseconds === null ? "" : drawDocument("Output", state.output, create("output"))}
      ${attempts.length === 1 && attempts[0].cause ? drawDocument("Error in full", attempts[0].cause, { ...form, name }) : ""}
    </div>
  </section>`;
}

const drawAttempts = (attempts, started) =>
  drawTable(
    formatQuantity(attempts.length, "attempt"),
    ["Attempt", "#Started", "#Waited", "#Took", "Error"],
    attempts.map((attempt, index) => [
      String(index + 1),
      formatOffset(attempt.started - started),
      formatDuration(attempt.waited),
      formatDuration(attempt.milliseconds),
      attempt.error
        ? html`<details>
            <summary>${attempt.error}</summary>
            <pre tabindex="0">${formatDocument(attempt.cause ?? "No cause was given.")}</pre>
          </details>`
        : "none",
    ]),
    { records: true },
  );
