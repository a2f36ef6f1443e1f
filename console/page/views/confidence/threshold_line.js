/* Draws the threshold as a line over the chart, which mouse, touch and keys move without drawing any point again. */

import { html, render } from "/static/lit-html/lit-html.js";
import { formatThreshold } from "../../parts/format.js";

/* So near to the line a mark would lie behind the line's label. */
const LABEL_SHARE = 0.05;
const STEP = 0.01;
const PAGE = 0.05;
/* The line moves in steps as fine as its label. The threshold in service may be finer, and stays until it is moved. */
const STEPS_OF_ONE = 1000;
const round = (threshold) => Math.round(threshold * STEPS_OF_ONE) / STEPS_OF_ONE;

/**
 * Puts the line over a chart with the y axis from `lowest` to 1.
 *
 * @param {Element} place The chart's element.
 * @param {{left, right, top, bottom}} grid The chart's margins in pixels.
 * @param {number} value The threshold at first.
 * @param {(threshold: number, isByHand: boolean) => {spoken: string, counts: string}} onMove Called with each new
 *   threshold; returns what it means, for a screen reader and, while it is moved, beside the line.
 * @returns {{set, get, mark}} set(threshold) and get(); mark([[name, threshold], …]) sets ticks beside the chart.
 */
export function addThresholdLine(place, grid, lowest, value, onMove) {
  const [left, right, bottom] = [grid.left, grid.right, grid.bottom].map((pixels) => `${pixels}px`);
  const layer = document.createElement("div");
  place.append(layer);
  const findShare = (threshold) => (threshold - lowest) / (1 - lowest);
  const findHeight = (share) => `(100% - ${grid.top + grid.bottom}px) * ${share}`;
  let marks = [];
  let words = { spoken: "", counts: "" };

  const draw = () => {
    const share = findShare(value);
    render(
      html`
        <div
          class="refused-band"
          .style=${`left: ${left}; right: ${right}; bottom: ${bottom}; height: calc(${findHeight(share)})`}
        ></div>
        ${marks
          .filter(([, threshold]) => Math.abs(findShare(threshold) - share) > LABEL_SHARE)
          .map(
            ([name, threshold]) => html`<span
              class="threshold-mark"
              aria-hidden="true"
              title="${name}: ${formatThreshold(threshold)}"
              .style=${`left: calc(100% - ${right}); bottom: calc(${bottom} + ${findHeight(findShare(threshold))})`}
              >${name}</span
            >`,
          )}
        <div
          class="threshold-line ${share > 0.8 ? "near-top" : ""}"
          role="slider"
          tabindex="0"
          aria-label="Threshold"
          aria-orientation="vertical"
          aria-valuemin=${lowest}
          aria-valuemax="1"
          aria-valuenow=${value}
          aria-valuetext=${words.spoken}
          .style=${`left: ${left}; right: ${right}; bottom: calc(${bottom} + ${findHeight(share)} - 14px)`}
          @pointerdown=${begin}
          @pointermove=${move}
          @keydown=${press}
        >
          <output aria-hidden="true">${formatThreshold(value)}</output>
          <span class="counts" aria-hidden="true">${words.counts}</span>
        </div>
      `,
      layer,
    );
  };
  const set = (wanted, isByHand = false) => {
    value = Math.min(1, Math.max(lowest, wanted));
    words = onMove(value, isByHand);
    draw();
  };
  function begin(event) {
    event.currentTarget.setPointerCapture(event.pointerId);
    event.preventDefault();
    event.currentTarget.focus({ preventScroll: true });
  }
  function move(event) {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = place.getBoundingClientRect();
    const height = box.height - grid.top - grid.bottom;
    set(round(1 - ((event.clientY - box.top - grid.top) / height) * (1 - lowest)), true);
  }
  function press(event) {
    const wanted = {
      ArrowUp: value + STEP,
      ArrowRight: value + STEP,
      ArrowDown: value - STEP,
      ArrowLeft: value - STEP,
      PageUp: value + PAGE,
      PageDown: value - PAGE,
      Home: lowest,
      End: 1,
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    set(round(wanted), true);
  }
  const mark = (wanted) => {
    marks = wanted.filter(([, threshold]) => threshold >= lowest && threshold <= 1);
    draw();
  };
  set(value);
  return { set, get: () => value, mark };
}
