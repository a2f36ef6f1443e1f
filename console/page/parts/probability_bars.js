/* Shows how probable each class is, as bars that the threshold crosses. */

import { html } from "/static/lit-html/lit-html.js";
import { drawClass, getClassVariable } from "./class_mark.js";
import { formatProbability, formatThreshold } from "./format.js";

const SHOWN = 5;

/**
 * Draws a bar for each of the most probable classes, crossed by the threshold with its number.
 *
 * @param {[string, number][]} probabilities Name and probability of each class.
 * @param {string[]} classes All classes in their order, which gives each its colour.
 * @param {number|null} threshold null where none is known: no line then.
 */
export function drawProbabilityBars(probabilities, classes, threshold) {
  const ranked = [...probabilities].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
  return html`<div class="probabilities" role="group" aria-label="Probabilities">
    ${ranked.map(
      ([name, value]) =>
        html`<div>
          ${drawClass(classes, name)}
          <span class="bar" aria-hidden="true"
            ><span .style=${`width: ${value * 100}%; background: ${getClassVariable(classes, name)}`}></span>
            ${threshold === null ? "" : html`<i .style=${`left: ${threshold * 100}%`}></i>`}</span
          >
          <span class="number">${formatProbability(value)}</span>
        </div>`,
    )}
    ${threshold === null
      ? ""
      : html`<div class="threshold" aria-hidden="true">
          <span></span><span class="scale"><b .style=${`left: ${threshold * 100}%`}>${formatThreshold(threshold)}</b></span>
        </div>`}
  </div>`;
}
