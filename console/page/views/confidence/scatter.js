/* Draws each invocation as a point: time across, confidence up, class by colour and shape. ECharts draws the rest. */

import { createAxis, createLegend, drawChart } from "../../parts/chart.js";
import { getClassColour, getClassPath, getClassSymbol } from "../../parts/class_mark.js";
import { create } from "../../parts/element.js";
import { formatShortTime } from "../../parts/format.js";
import { getThemeColour, theme } from "../../parts/theme.js";
import { findLowerBound } from "./invocations.js";
import { createStamp, drawPoints } from "./points.js";

/* The threshold's label has its place at the right. */
export const GRID = { left: 56, right: 56, top: 40, bottom: 92 };
/* The canvas of points reaches this far beyond the axes, so that a point at an edge is drawn whole. */
export const MARGIN = 6;
const SMALL = 7;
const LARGE = 11;
const MANY = 2000;
/* A single invocation still needs a time axis: this much before it and after it. */
const SHORTEST_SECONDS = 1;
const AROUND_SECONDS = 30;

/**
 * Draws all points into `place`, over a chart.
 *
 * @param {(from: number, to: number) => void} onZoom Called with the period that is now shown, in Unix seconds.
 * @returns {{echarts: object, canvas: HTMLCanvasElement, getRange: () => object}} The chart, the points over it,
 *   and the period that is shown.
 */
export function drawScatter(place, invocations, lowest, onZoom, signal) {
  const { count, classes, time } = invocations;
  const around = time[count - 1] - time[0] < SHORTEST_SECONDS ? AROUND_SECONDS : 0;
  const range = { from: time[0] - around, to: time[count - 1] + around, lowest };
  const canvas = create("canvas", {
    class: "points",
    style: { left: `${GRID.left - MARGIN}px`, top: `${GRID.top - MARGIN}px` },
  });
  let zoom = {};
  const base = create("div", { class: "chart tall" });
  place.append(base);
  const { echarts: chart } = drawChart(
    base,
    "Confidence of each invocation over time; the table below holds the same",
    () => createOption(classes, range, zoom),
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
    const stamps = classes.map((_, index) => createStamp(getClassPath(index), getClassColour(index), size));
    const [first, last] = [findLowerBound(time, from), findLowerBound(time, to + 1e-3)];
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
    // ECharts' startValue and endValue are rounded, and would leave out the first invocation or the last.
    [from, to] = [start, end].map((share) => range.from + (share / 100) * (range.to - range.from));
    drawSoon();
    onZoom(from, to);
  });
  const sizes = new ResizeObserver(drawSoon);
  sizes.observe(place);
  signal.addEventListener("abort", () => {
    sizes.disconnect();
    cancelAnimationFrame(frame);
  });
  theme.addEventListener("themechange", drawSoon, { signal });
  return { echarts: chart, canvas, getRange: () => ({ from, to }) };
}

function createOption(classes, { from, to, lowest }, zoom) {
  return {
    grid: GRID,
    // Another shape than a square would stretch the marks.
    legend: createLegend({
      left: GRID.left,
      right: GRID.right,
      selectedMode: false,
      itemWidth: 14,
      itemHeight: 14,
    }),
    xAxis: createAxis({ type: "time", min: from * 1000, max: to * 1000 }),
    yAxis: createAxis({ type: "value", min: lowest, max: 1, name: "Confidence" }),
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
        ...createSliderColours(),
        labelFormatter: (milliseconds) => formatShortTime(milliseconds / 1000),
        textStyle: { color: getThemeColour("--muted") },
      },
    ],
    series: classes.map((name, index) => ({
      name,
      type: "scatter",
      data: [],
      symbol: getClassSymbol(index),
      color: getClassColour(index),
    })),
  };
}

function createSliderColours() {
  const [line, accent, raised] = ["--line", "--accent", "--raised"].map(getThemeColour);
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
