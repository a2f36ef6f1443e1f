/* Draws a week in a small line or in bars, with its figures in words for whoever does not see it. */

import { html, svg } from "/static/lit-html/lit-html.js";

const HEIGHT = 40;
const STEP = 10;

/**
 * Draws the steps of a week, the oldest at the left.
 *
 * @param {string} label What it shows, in words.
 * @param {{values: (number|null)[], kind: string}[]} series Each line's values, null where nothing is known;
 *   `kind` is a class of the style sheet, and "bars" draws bars.
 */
export function drawSparkline(label, series) {
  const count = series[0].values.length;
  const most = Math.max(...series.flatMap(({ values }) => values)) || 1;
  const y = (value) => HEIGHT - 3 - (value / most) * (HEIGHT - 6);
  return html`<svg
    class="sparkline"
    viewBox="0 0 ${count * STEP} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
  >
    ${svg`<path class="base" d=${`M0 ${HEIGHT - 1}H${count * STEP}`}></path>`}
    ${series.map(({ values, kind }) =>
      kind === "bars"
        ? svg`<path class="bars" d=${values.map((value, step) => drawBar(value, step, y)).join("")}></path>`
        : svg`<path class=${kind} d=${drawLine(values, y)}></path
            ><path class="${kind} dots" d=${drawDots(values, y)}></path>`,
    )}
  </svg>`;
}

const drawBar = (value, step, y) =>
  value ? `M${step * STEP + 1} ${HEIGHT - 1}V${y(value)}h${STEP - 2}V${HEIGHT - 1}z` : "";

const isKnown = (value) => value !== null && value !== undefined;
const locate = (value, step, y) => `${step * STEP + STEP / 2} ${y(value)}`;

/** Returns a path through what is known. */
function drawLine(values, y) {
  return values
    .map((value, step) =>
      isKnown(value) ? `${isKnown(values[step - 1]) ? "L" : "M"}${locate(value, step, y)}` : "",
    )
    .join("");
}

/** Returns a path of dots where what is known stands alone: a round cap makes them of lines of no length. */
function drawDots(values, y) {
  return values
    .map((value, step) =>
      isKnown(value) && !isKnown(values[step - 1]) && !isKnown(values[step + 1])
        ? `M${locate(value, step, y)}h0`
        : "",
    )
    .join("");
}
