/* Each invocation a point: when, how sure, and as which class by colour and shape. ECharts has axes, zoom and legend. */

import { axis, drawChart, legend } from "../../parts/chart.js";
import { classColour, classPath, classSymbol } from "../../parts/class_mark.js";
import { element } from "../../parts/element.js";
import { shortTime } from "../../parts/format.js";
import { theme, themeColour } from "../../parts/theme.js";
import { lowerBound } from "./invocations.js";
import { drawPoints, stampOf } from "./points.js";

/* The threshold's label has its place at the right. */
export const GRID = { left: 56, right: 56, top: 40, bottom: 92 };
/* The canvas of points reaches so much over the axes: what lies at an edge is drawn whole. */
export const MARGIN = 6;
const SMALL = 7;
const LARGE = 11;
const MANY = 2000;
/* A single invocation still needs an axis: so much before it and after it. */
const SHORTEST_SECONDS = 1;
const AROUND_SECONDS = 30;

/**
 * Draws the points into `place`, over a chart; all of them, none is left out.
 *
 * @param {(from: number, to: number) => void} zoomed Called with the period that is now shown, in Unix seconds.
 * @returns {{echarts: object, canvas: HTMLCanvasElement, range: () => object}} The chart, the points over it, and
 *   the period at the canvas's edges.
 */
export function scatter(place, invocations, lowest, zoomed, signal) {
  const { count, classes, time } = invocations;
  const around = time[count - 1] - time[0] < SHORTEST_SECONDS ? AROUND_SECONDS : 0;
  const range = { from: time[0] - around, to: time[count - 1] + around, lowest };
  const canvas = element("canvas", {
    class: "points",
    style: { left: `${GRID.left - MARGIN}px`, top: `${GRID.top - MARGIN}px` },
  });
  let zoom = {};
  const base = element("div", { class: "chart tall" });
  place.append(base);
  const { echarts: chart } = drawChart(
    base,
    "Confidence of each invocation over time; the table below holds the same",
    () => option(classes, range, zoom),
    signal,
  );
  place.append(canvas);

  let [from, to] = [range.from, range.to];
  const draw = () => {
    const scale = window.devicePixelRatio;
    const [width, height] = [
      place.clientWidth - GRID.left - GRID.right + 2 * MARGIN,
      place.clientHeight - GRID.top - GRID.bottom + 2 * MARGIN,
    ];
    Object.assign(canvas, {
      width: Math.max(1, Math.round(width * scale)),
      height: Math.round(height * scale),
    });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const size = Math.round((count > MANY ? SMALL : LARGE) * scale);
    const stamps = classes.map((_, index) => stampOf(classPath(index), classColour(index), size));
    const [first, last] = [lowerBound(time, from), lowerBound(time, to + 1e-3)];
    drawPoints(canvas, invocations, first, last, { from, to, lowest }, Math.round(MARGIN * scale), stamps);
  };
  let frame = 0;
  const drawSoon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  };
  chart.on("datazoom", () => {
    const [{ start, end }] = chart.getOption().dataZoom;
    zoom = { start, end };
    // Its startValue and endValue are rounded, and would leave out the first invocation or the last.
    [from, to] = [start, end].map((share) => range.from + (share / 100) * (range.to - range.from));
    drawSoon();
    zoomed(from, to);
  });
  const sizes = new ResizeObserver(drawSoon);
  sizes.observe(place);
  signal.addEventListener("abort", () => {
    sizes.disconnect();
    cancelAnimationFrame(frame);
  });
  theme.addEventListener("themechange", drawSoon, { signal });
  return { echarts: chart, canvas, range: () => ({ from, to }) };
}

function option(classes, { from, to, lowest }, zoom) {
  return {
    grid: GRID,
    // As wide as high, or the marks would be stretched.
    legend: legend({ left: GRID.left, right: GRID.right, selectedMode: false, itemWidth: 14, itemHeight: 14 }),
    xAxis: axis({ type: "time", min: from * 1000, max: to * 1000 }),
    yAxis: axis({ type: "value", min: lowest, max: 1, name: "Confidence" }),
    dataZoom: [
      { type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl", ...zoom },
      {
        type: "slider",
        filterMode: "none",
        bottom: 16,
        height: 28,
        showDataShadow: false,
        brushSelect: false,
        ...zoom,
        ...sliderColours(),
        labelFormatter: (milliseconds) => shortTime(milliseconds / 1000),
        textStyle: { color: themeColour("--muted") },
      },
    ],
    series: classes.map((name, index) => ({
      name,
      type: "scatter",
      data: [],
      symbol: classSymbol(index),
      color: classColour(index),
    })),
  };
}

function sliderColours() {
  const [line, accent, raised] = ["--line", "--accent", "--raised"].map(themeColour);
  const handle = { color: raised, borderColor: accent };
  return {
    borderColor: line,
    backgroundColor: "transparent",
    fillerColor: accent.replace("rgb(", "rgba(").replace(")", ", 0.15)"),
    handleStyle: handle,
    moveHandleStyle: { color: line },
    emphasis: { handleStyle: { ...handle, color: accent }, moveHandleStyle: { color: accent } },
  };
}
