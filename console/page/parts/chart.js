/* ECharts in the page's colours: a canvas, beside which a view always gives the same data as a table. */

import { element } from "./element.js";
import { theme, themeColour } from "./theme.js";

const FONT = '"Segoe UI", system-ui, "Open Sans", sans-serif';

/**
 * Draws a chart in `place`, anew whenever theme or width change, until the view is left.
 *
 * @param {Element} place A ".chart".
 * @param {string} description What it shows, for a screen reader.
 * @param {() => object} option Gives ECharts' option; it is called again when the theme changed.
 * @returns {{echarts: object, redraw: () => void}} The chart, and what draws it from a new option.
 */
export function drawChart(place, description, option, signal) {
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", description);
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const redraw = () => chart.setOption({ ...inkOption(), ...option() }, { notMerge: true });
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

function inkOption() {
  return {
    // Nothing on this page moves by itself: what is dragged or zoomed must follow the hand at once.
    animation: false,
    textStyle: { color: themeColour("--ink"), fontFamily: FONT },
    stateAnimation: { duration: 0 },
  };
}

/** An axis in the page's colours, with what is special about this one. */
export function axis(special) {
  const ink = themeColour("--muted");
  const line = { lineStyle: { color: themeColour("--line") } };
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

/** A tooltip in the page's colours; `lines` gives what to say of ECharts' parameters, as text or elements. */
export function tooltip(lines, special = {}) {
  return {
    confine: true,
    borderColor: themeColour("--line"),
    backgroundColor: themeColour("--surface"),
    textStyle: { color: themeColour("--ink"), fontSize: 13, fontFamily: FONT },
    // Elements, not markup: what they say may hold names from strangers.
    formatter: (parameters) =>
      element(
        "div",
        {},
        lines(parameters).map((line) => element("div", {}, line)),
      ),
    ...special,
  };
}

export const legend = (special = {}) => ({
  type: "scroll",
  top: 0,
  left: 0,
  textStyle: { color: themeColour("--ink") },
  inactiveColor: themeColour("--line"),
  pageTextStyle: { color: themeColour("--ink") },
  pageIconColor: themeColour("--accent"),
  ...special,
});
