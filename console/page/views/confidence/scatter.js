/* Draws each invocation as a point: time across, confidence up, class by colour and shape. ECharts draws the rest. */

import { createAxis, createLegend, createMarkLine, drawChart } from "../../parts/chart.js";
import { getClassColour, getClassPath, getClassSymbol } from "../../parts/class_mark.js";
import { formatThreshold } from "../../parts/format.js";
import { getThemeColour, theme } from "../../parts/theme.js";
import { findLowerBound } from "./invocations.js";
import { createStamp, drawPoints } from "./points.js";
import { computeTicks } from "./zone.js";

/* The canvas of points reaches this far beyond the axes, so that a point at an edge is drawn whole. */
export const MARGIN = 9;
const SMALL = 7;
const LARGE = 11;
const MANY = 2000;
const RING = "M8 1.5 a6.5 6.5 0 1 0 .01 0z";
const RING_PIXELS = 6;
const PIXELS_PER_TICK = 88;
const STRIP = { bottom: 8, height: 32 };
const STRIP_BINS = 150;
/* Changes in service that are nearer to one another, as a share of the chart, have one line. */
const SHARE_PER_CHANGE = 0.06;

/**
 * Makes a chart in `place`, with the canvas of points over it.
 *
 * @param {{left, right, top, bottom}} grid The chart's margins in pixels.
 * @param {() => object} getShown What is to be drawn: `invocations`, `from`, `to`, the `whole` period they are part of,
 *   `lowest` confidence, `zone`, `changes`.
 * @param {(from: number, to: number) => void} onZoom Called with the period that the user zooms to, in Unix seconds.
 * @returns {{echarts: object, canvas: HTMLCanvasElement, redraw: () => void, redrawSoon: () => void}} redraw() for all
 *   that is shown, redrawSoon() where the points alone are others.
 */
export function createScatter(place, grid, getShown, onZoom, signal) {
  const base = Object.assign(document.createElement("div"), { className: "chart tall" });
  const canvas = Object.assign(document.createElement("canvas"), { className: "points" });
  Object.assign(canvas.style, { left: `${grid.left - MARGIN}px`, top: `${grid.top - MARGIN}px` });
  place.append(base, canvas);
  const getTickCount = () => (place.clientWidth - grid.left - grid.right) / PIXELS_PER_TICK;
  const chart = drawChart(
    base,
    "Confidence of each invocation over time; the table below holds the same",
    () => createOption(getShown(), grid, getTickCount()),
    signal,
  );

  const draw = () => {
    const { invocations, from, to, lowest } = getShown();
    const { count, classes, time } = invocations;
    const scale = window.devicePixelRatio;
    const [width, height] = [
      place.clientWidth - grid.left - grid.right + 2 * MARGIN,
      place.clientHeight - grid.top - grid.bottom + 2 * MARGIN,
    ];
    Object.assign(canvas, {
      width: Math.max(1, Math.round(width * scale)),
      height: Math.round(height * scale),
    });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const size = Math.round((count > MANY ? SMALL : LARGE) * scale);
    const stamps = classes.map((_, index) => createStamp(getClassPath(index), getClassColour(index), size));
    const ring = createStamp(RING, getThemeColour("--ink"), size + RING_PIXELS * scale, { isOutline: true });
    const [first, last] = [findLowerBound(time, from), findLowerBound(time, to + 1e-3)];
    const margin = Math.round(MARGIN * scale);
    drawPoints(canvas, invocations, first, last, { from, to, lowest }, margin, stamps, ring);
  };
  let frame = 0;
  const redrawSoon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  };
  chart.echarts.on("datazoom", () => {
    const [{ start, end }] = chart.echarts.getOption().dataZoom;
    const { whole } = getShown();
    // ECharts' startValue and endValue are rounded, and would leave out the first invocation or the last.
    const [from, to] = [start, end].map((share) => whole.from + (share / 100) * (whole.to - whole.from));
    onZoom(from, to);
    chart.echarts.setOption(createZoomedOption(getShown(), getTickCount()));
    redrawSoon();
  });
  const sizes = new ResizeObserver(redrawSoon);
  sizes.observe(place);
  signal.addEventListener("abort", () => {
    sizes.disconnect();
    cancelAnimationFrame(frame);
  });
  theme.addEventListener("themechange", redrawSoon, { signal });
  const redraw = () => {
    chart.redraw();
    redrawSoon();
  };
  return { echarts: chart.echarts, canvas, redraw, redrawSoon };
}

function createOption(shown, grid, tickCount) {
  const { invocations, from, to, whole, lowest, zone } = shown;
  const { classes } = invocations;
  const zoomed = createZoomedOption(shown, tickCount);
  const time = { type: "value", min: whole.from * 1000, max: whole.to * 1000, splitLine: { show: false } };
  const findShare = (seconds) => (100 * (seconds - whole.from)) / (whole.to - whole.from);
  const zoom = {
    xAxisIndex: 0,
    filterMode: "none",
    start: findShare(from),
    end: findShare(to),
  };
  return {
    grid: [grid, { left: grid.left, right: grid.right, ...STRIP }],
    // Another shape than a square would stretch the marks.
    legend: createLegend({
      left: grid.left,
      right: grid.right,
      selectedMode: false,
      itemWidth: 14,
      itemHeight: 14,
    }),
    xAxis: [
      createAxis({ ...time, ...mergeLabels(zoomed.xAxis[0]) }),
      { ...time, gridIndex: 1, show: false },
    ],
    yAxis: [
      createAxis({ type: "value", min: lowest, max: 1, name: "Confidence" }),
      { type: "value", gridIndex: 1, show: false },
    ],
    dataZoom: [
      { type: "inside", zoomOnMouseWheel: "ctrl", ...zoom },
      {
        type: "slider",
        ...STRIP,
        left: grid.left,
        right: grid.right,
        showDataShadow: false,
        brushSelect: false,
        ...zoom,
        ...createSliderColours(),
        labelFormatter: (milliseconds) => zone.formatShort(milliseconds / 1000),
        textStyle: { color: getThemeColour("--muted") },
      },
    ],
    series: [
      ...zoomed.series,
      // Without data, for the legend: the points are drawn over the chart.
      ...classes.map((name, index) => ({
        name,
        type: "scatter",
        data: [],
        symbol: getClassSymbol(index),
        color: getClassColour(index),
      })),
      {
        name: "misclassified",
        type: "scatter",
        data: [],
        itemStyle: { color: "transparent", borderColor: getThemeColour("--ink"), borderWidth: 1.5 },
      },
      {
        type: "line",
        xAxisIndex: 1,
        yAxisIndex: 1,
        silent: true,
        symbol: "none",
        step: "end",
        data: countVolumes(invocations.time, whole),
        lineStyle: { width: 0 },
        areaStyle: { color: getThemeColour("--control"), opacity: 0.6 },
      },
    ],
  };
}

/** Returns what depends on the period: ticks at equal steps, and lines where what is in service changed. */
function createZoomedOption({ from, to, zone, changes }, tickCount) {
  const { ticks, step } = computeTicks(from, to, tickCount, zone.getOffset);
  const customValues = ticks.map((seconds) => seconds * 1000);
  const data = joinChanges(changes, from, to).map(({ time, name }) => ({ xAxis: time * 1000, name }));
  const lines = createMarkLine(data, "{b}");
  const formatter = (milliseconds) => zone.formatTick(milliseconds / 1000, step);
  return {
    xAxis: [{ axisLabel: { customValues, formatter }, axisTick: { customValues } }],
    series: [
      {
        id: "changes",
        type: "scatter",
        data: [],
        markLine: { ...lines, lineStyle: { ...lines.lineStyle, type: "dashed" } },
      },
    ],
  };
}

const mergeLabels = ({ axisLabel, axisTick }) => ({
  axisLabel: { ...axisLabel, color: getThemeColour("--muted"), hideOverlap: true },
  axisTick: { ...axisTick, lineStyle: { color: getThemeColour("--line") } },
});

/** Says in a word or two what changed. */
export const nameChange = ({ what, value }) =>
  what === "threshold" ? `threshold ${formatThreshold(value)}` : "deployed";

function joinChanges(changes, from, to) {
  const joined = [];
  for (const change of changes) {
    if (change.time < from || change.time > to) continue;
    const before = joined.at(-1);
    if (before && change.time - before.time < SHARE_PER_CHANGE * (to - from)) before.changes += 1;
    else joined.push({ time: change.time, name: nameChange(change), changes: 1 });
  }
  return joined.map(({ time, name, changes: number }) => ({
    time,
    name: number === 1 ? name : `${number} changes`,
  }));
}

function countVolumes(time, { from, to }) {
  const counts = new Array(STRIP_BINS).fill(0);
  for (const seconds of time) {
    const bin = Math.floor(((seconds - from) / (to - from)) * STRIP_BINS);
    counts[Math.min(bin, STRIP_BINS - 1)] += 1;
  }
  const width = (to - from) / STRIP_BINS;
  // A step reaches to the end of its bin.
  return [[from * 1000, counts[0]], ...counts.map((count, bin) => [(from + (bin + 1) * width) * 1000, count])];
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
