/* Draws the threshold as a line over the chart, which mouse, touch and keys move without drawing any point again. */

import { create } from "../../parts/element.js";
import { formatThreshold } from "../../parts/format.js";

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
 * @param {(threshold: number) => string} onMove Called with each new threshold; returns in words what it means.
 * @returns {{set: (threshold: number) => void, get: () => number}}
 */
export function addThresholdLine(place, grid, lowest, value, onMove) {
  const label = create("output", { "aria-hidden": "true" });
  const line = create(
    "div",
    {
      class: "threshold-line",
      role: "slider",
      tabindex: "0",
      "aria-label": "Threshold",
      "aria-orientation": "vertical",
      "aria-valuemin": lowest,
      "aria-valuemax": 1,
      style: { left: `${grid.left}px`, right: `${grid.right}px` },
    },
    label,
  );
  const band = create("div", {
    class: "refused-band",
    style: { left: `${grid.left}px`, right: `${grid.right}px`, bottom: `${grid.bottom}px` },
  });
  place.append(band, line);

  const set = (wanted) => {
    value = Math.min(1, Math.max(lowest, wanted));
    const share = (value - lowest) / (1 - lowest);
    line.style.bottom = `calc(${grid.bottom}px + (100% - ${grid.top + grid.bottom}px) * ${share} - 14px)`;
    band.style.height = `calc((100% - ${grid.top + grid.bottom}px) * ${share})`;
    label.textContent = formatThreshold(value);
    line.setAttribute("aria-valuenow", value);
    line.setAttribute("aria-valuetext", onMove(value));
  };
  const readThreshold = (event) => {
    const box = place.getBoundingClientRect();
    const height = box.height - grid.top - grid.bottom;
    return round(1 - ((event.clientY - box.top - grid.top) / height) * (1 - lowest));
  };
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
    line.focus({ preventScroll: true });
  });
  line.addEventListener("pointermove", (event) => {
    if (line.hasPointerCapture(event.pointerId)) set(readThreshold(event));
  });
  line.addEventListener("keydown", (event) => {
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
    set(round(wanted));
  });
  set(value);
  return { set, get: () => value };
}
