/* Draws charts with ECharts in the page's colours, and beside each chart a table of the same data. */

import { create } from "./element.js";
import { getThemeColour, theme } from "./theme.js";

const FONT = '"Segoe UI", system-ui, "Open Sans", sans-serif';

/**
 * Adds a chart to `place`, and below it a closed table for whoever does not see the chart.
 *
 * @param {Element} place Must be in the page already: ECharts measures it.
 * @param {() => Element} createRows Returns the table.
 * @param {{tall: boolean}} [size]
 * @returns {() => void} Draws both anew, from a new option and a new table.
 */
export function addChart(place, description, createOption, createRows, signal, { tall = false } = {}) {
  const chart = create("div", { class: tall ? "chart tall" : "chart" });
  const summary = create("summary", {}, "The same as a table");
  const details = create("details", {}, summary, createRows());
  place.append(chart, details);
  const { redraw } = drawChart(chart, description, createOption, signal);
  return () => {
    redraw();
    details.replaceChildren(summary, createRows());
  };
}

/**
 * Draws a chart in `place`, and again whenever theme or width change, until the user leaves the view.
 *
 * @param {Element} place A ".chart".
 * @param {string} description What the chart shows, for a screen reader.
 * @param {() => object} createOption Returns ECharts' option; called again when the theme changed.
 * @returns {{echarts: object, redraw: () => void}} The chart, and a function that draws it from a new option.
 */
export function drawChart(place, description, createOption, signal) {
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", description);
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const redraw = () => chart.setOption({ ...createBaseOption(), ...createOption() }, { notMerge: true });
  redraw();
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(place);
  theme.addEventListener("themechange", redraw, { signal });
  signal.addEventListener("abort", () => {
    sizes.disconnect();
    chart.dispose();
  });
  return { echarts: chart, redraw };
}

function createBaseOption() {
  return {
    // Without animation, what the user drags or zooms follows the hand at once.
    animation: false,
    textStyle: { color: getThemeColour("--ink"), fontFamily: FONT },
    stateAnimation: { duration: 0 },
  };
}

/** Returns an axis in the page's colours; `special` adds to its options and overrides them. */
export function createAxis(special) {
  const ink = getThemeColour("--muted");
  const line = { lineStyle: { color: getThemeColour("--line") } };
  return {
    nameLocation: "middle",
    nameGap: 32,
    nameTextStyle: { color: ink },
    axisLabel: { color: ink, hideOverlap: true },
    axisLine: line,
    axisTick: line,
    splitLine: { show: special.type === "value", ...line },
    ...special,
  };
}

/** Returns a tooltip in the page's colours; `createLines` makes lines of ECharts' parameters. */
export function createTooltip(createLines, special = {}) {
  return {
    confine: true,
    borderColor: getThemeColour("--line"),
    backgroundColor: getThemeColour("--surface"),
    textStyle: { color: getThemeColour("--ink"), fontSize: 13, fontFamily: FONT },
    // Elements, not markup: the lines may hold names from strangers.
    formatter: (parameters) =>
      create(
        "div",
        {},
        createLines(parameters).map((line) => create("div", {}, line)),
      ),
    ...special,
  };
}

/** Returns a legend in the page's colours. */
export const createLegend = (special = {}) => ({
  type: "scroll",
  top: 0,
  left: 0,
  textStyle: { color: getThemeColour("--ink") },
  inactiveColor: getThemeColour("--line"),
  pageTextStyle: { color: getThemeColour("--ink") },
  pageIconColor: getThemeColour("--accent"),
  ...special,
});

/** Returns dotted lines across a chart, each with these words at its end. */
export const createMarkLine = (data, words) => ({
  symbol: "none",
  silent: true,
  data,
  lineStyle: { color: getThemeColour("--ink"), type: "dotted" },
  label: { formatter: words, rotate: 0, position: "end", color: getThemeColour("--ink") },
});
