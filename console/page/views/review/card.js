/* The card of the photo to judge: its picture, why it waits, and a button for each judgement. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawClass } from "../../parts/class_mark.js";
import { NONE_OF_THE_CLASSES } from "../../parts/execution_states.js";
import { linkExecution } from "../../parts/execution_link.js";
import { drawFileName } from "../../parts/file_name.js";
import { formatProbability, formatThreshold, formatTime } from "../../parts/format.js";
import { drawProbabilityBars } from "../../parts/probability_bars.js";

const MOST_KEYS = 9;

/** Draws a button that a key presses too; the key stands on it. */
export const drawKeyButton = (key, label, press, isDisabled = false) =>
  html`<button
    type="button"
    aria-keyshortcuts=${key}
    aria-disabled=${isDisabled ? "true" : nothing}
    @click=${press}
  >
    ${label}<kbd aria-hidden="true">${key}</kbd>
  </button>`;

/** Returns the keys that do the same as the card's buttons, each with what it does. */
export const listKeys = (classes, judge, skip) =>
  new Map([
    ...classes.slice(0, MOST_KEYS).map((name, index) => [String(index + 1), () => judge(name)]),
    ["n", () => judge(null)],
    ["0", () => judge(null)],
    ["s", skip],
  ]);

/**
 * Draws the card. Its buttons stay while photos come and go, so that the focus stays on the one that was pressed.
 *
 * @param {object|null} photo null where the next one is still claimed.
 * @param {string[]} classes The classes in their order.
 * @param {string|null} other The class of photos that show none of those.
 * @param {(label: string|null) => void} judge
 * @param {() => void} skip
 */
export function drawReviewCard(photo, classes, other, judge, skip) {
  return html`<section
    class="card review"
    tabindex="-1"
    aria-label="Photo to judge"
    aria-busy=${photo ? nothing : "true"}
  >
    <div class="review-frame">${photo?.picture ?? html`<p class="muted">Loading the picture…</p>`}</div>
    <div class="stack">
      <h2>${photo ? drawFileName(photo.name, photo.key) : "The next photo is on its way…"}</h2>
      <div class="judgements" role="group" aria-label="What does it show?">
        ${classes
          .slice(0, MOST_KEYS)
          .map((name, index) => drawKeyButton(String(index + 1), drawClass(classes, name), () => judge(name)))}
      </div>
      ${classes.length > MOST_KEYS ? drawFinder(classes, judge) : nothing}
      <div class="judgements">
        ${drawKeyButton("n", "None of these", () => judge(null))} ${drawKeyButton("s", "Skip", skip)}
      </div>
      <div class="stack">${photo ? drawFacts(photo, classes, other) : nothing}</div>
    </div>
  </section>`;
}

/** Draws a field that finds any of many classes by what is typed. */
function drawFinder(classes, judge) {
  const submit = (event) => {
    event.preventDefault();
    const field = event.currentTarget.querySelector("input");
    const label = classes.find((name) => name.toLowerCase() === field.value.trim().toLowerCase());
    if (label === undefined) {
      field.setCustomValidity(`There is no class "${field.value}": choose one of the list.`);
      field.reportValidity();
      return;
    }
    field.value = "";
    judge(label);
  };
  const clearFault = ({ currentTarget }) => currentTarget.setCustomValidity("");
  return html`<form class="filters" @submit=${submit}>
    <label>Another class<input list="classes" autocomplete="off" @input=${clearFault} /></label>
    <datalist id="classes">${classes.map((name) => html`<option value=${name}></option>`)}</datalist>
    <button>Route as this</button>
  </form>`;
}

function drawFacts(photo, classes, other) {
  const { probabilities, threshold, execution, batch } = photo;
  return html`
    <p>${explainWaiting(photo, classes)}</p>
    ${drawProbabilityBars(Object.entries(probabilities), other ? [...classes, other] : classes, threshold)}
    <p class="muted small">
      Arrived ${formatTime(photo.arrived)}.
      <a href=${linkExecution({ id: execution, batch })}>See its ${batch ? "batch" : "execution"}</a>
    </p>
  `;
}

function explainWaiting({ predicted_class: predicted, confidence, threshold, error }, classes) {
  if (error === NONE_OF_THE_CLASSES) {
    return `It waits because the model takes it for none of the classes (${predicted}).`;
  }
  const known = classes.includes(predicted) ? "" : ", a class that there is no longer";
  return (
    `It waits because the model takes it for ${predicted}${known}, with a confidence of only ` +
    `${formatProbability(confidence)}; ${formatThreshold(threshold)} is needed.`
  );
}
