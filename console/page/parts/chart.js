/* Draws charts with ECharts in the page's colours, and beside each chart a table of the same data. */

import { html, render } from "/static/lit-html/lit-html.js";
import { ApiError } from "../api.js";
import { getThemeColour, theme } from "./theme.js";

const LIBRARY = "/static/echarts.min.js";
const FONT = '"Segoe UI", system-ui, "Open Sans", sans-serif';

let loading = null;

/** Loads ECharts, once: only the views that draw need its megabyte. */
export function loadCharts() {
  loading ??= new Promise((resolve, reject) => {
    const onerror = () => {
      loading = null;
      reject(new ApiError("The library of charts did not load: is the page's server still there?"));
    };
    document.head.append(
      Object.assign(document.createElement("script"), { src: LIBRARY, onload: resolve, onerror }),
    );
  });
  return loading;
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
    formatter: (parameters) => {
      const place = document.createElement("div");
      render(
        createLines(parameters).map((line) => html`<div>${line}</div>`),
        place,
      );
      return place;
    },
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

/**
 * Draws a chart, and below it a closed table for whoever does not see the chart.
 *
 * @param {string} description What the chart shows, for a screen reader.
 * @param {() => object} createOption Returns ECharts' option; called again when the theme changed.
 * @param {*} table What lit-html renders.
 */
export const drawChartWithTable = (description, createOption, table, { tall = false } = {}) => html`
  <drawn-chart
    class=${tall ? "chart tall" : "chart"}
    description=${description}
    .createOption=${createOption}
  ></drawn-chart>
  <details>
    <summary>The same as a table</summary>
    ${table}
  </details>
`;

/** <drawn-chart>: a chart that is there while the element is in the page, for ECharts measures its place. */
class DrawnChart extends HTMLElement {
  #leaving;
  #createOption;
  #redraw = () => {};

  set createOption(createOption) {
    this.#createOption = createOption;
    this.#redraw();
  }

  async connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.setAttribute("aria-busy", "true");
    try {
      await loadCharts();
    } catch (error) {
      this.textContent = error.message;
      return;
    } finally {
      this.removeAttribute("aria-busy");
    }
    if (signal.aborted) return;
    const createOption = () => this.#createOption();
    this.#redraw = drawChart(this, this.getAttribute("description"), createOption, signal).redraw;
  }

  disconnectedCallback() {
    this.#leaving.abort();
    this.#redraw = () => {};
  }
}

customElements.define("drawn-chart", DrawnChart);
