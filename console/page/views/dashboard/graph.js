/* Draws a graph of metrics over time, as the widget asks for it, and its last values as a table. */

import { html } from "/static/lit-html/lit-html.js";
import { createAxis, createLegend, createMarkLine, createTooltip, drawChartWithTable } from "../../parts/chart.js";
import { drawTable } from "../../parts/data_table.js";
import { formatShortTime } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";
import { formatNumber } from "./number.js";
import { fillGaps, joinNeighbours } from "./points.js";

const COLOURS = 6;
const SYMBOLS = ["circle", "triangle", "rect", "diamond"];
const TABLE_ROWS = 36;
const CROWDED = 60;

export function drawGraph(widget) {
  const { title, series } = widget;
  if (series.every(({ values }) => values.length === 0)) {
    return html`<p class="chart muted">No data in this range of time.</p>`;
  }
  const names = series.map(({ name }) => name);
  return drawChartWithTable(
    `${title || "Graph"}: ${names.join(", ")} over time`,
    () => createOption(widget),
    drawValues(title, series),
  );
}

/** Draws the last values of the series, the newest first. */
function drawValues(title, series) {
  const times = [...new Set(series.flatMap((one) => one.times))].sort((one, other) => other - one);
  const known = series.map((one) => new Map(one.times.map((time, index) => [time, one.values[index]])));
  const rows = times.slice(0, TABLE_ROWS).map((time) => [
    formatShortTime(time),
    ...known.map((values) => (values.has(time) ? formatNumber(values.get(time)) : "–")),
  ]);
  const more = times.length > TABLE_ROWS ? `, the last ${TABLE_ROWS} of ${times.length}` : "";
  return drawTable(
    `${title || "Values"}, newest first${more}`,
    ["Time", ...series.map(({ name }) => `#${name}`)],
    rows,
  );
}

function createOption({ form, series: measured, from, until }) {
  const series = form.stacked ? fillGaps(measured) : measured;
  const axes = series.some(({ axis }) => axis === "right") ? ["left", "right"] : ["left"];
  const isNamed = series.length > 1 || axes.length > 1;
  return {
    grid: { left: 12, right: 18, top: isNamed ? 36 : 14, bottom: 8, containLabel: true },
    legend: isNamed ? createLegend() : undefined,
    xAxis: createAxis({ type: "time", min: from * 1000, max: until * 1000 }),
    yAxis: axes.map((side) => {
      const { min, max, label } = form.axes[side];
      const name = label ? { name: label, nameGap: 44 } : {};
      // One axis' lines across the graph are enough.
      const lines = side === axes[0] ? {} : { splitLine: { show: false } };
      return createAxis({ type: "value", position: side, min, max, splitNumber: 3, ...name, ...lines });
    }),
    tooltip: createTooltip(
      (points) => [
        formatShortTime(points[0].value[0] / 1000),
        ...points
          .filter(({ value }) => value[1] !== null)
          .map(({ seriesName, value }) => `${seriesName} ${formatNumber(value[1])}`),
      ],
      { trigger: "axis" },
    ),
    series: [
      ...series.map((one, index) => createSeries(one, index, form.stacked, axes)),
      ...createLines(form.lines, axes),
    ],
  };
}

function createSeries({ name, axis, colour, period, times, values }, index, isStacked, axes) {
  return {
    name,
    type: "line",
    yAxisIndex: axes.indexOf(axis),
    color: colour ?? getThemeColour(`--class-${index % COLOURS}`),
    symbol: SYMBOLS[index % SYMBOLS.length],
    symbolSize: times.length > CROWDED ? 3 : 5,
    stack: isStacked ? `stack ${axis}` : undefined,
    areaStyle: isStacked ? { opacity: 0.25 } : undefined,
    data: joinNeighbours(times, values, period),
  };
}

/** Returns a series without points for each axis, with the lines across it. */
const createLines = (lines, axes) =>
  axes.map((side, yAxisIndex) => {
    const own = lines.filter(({ axis }) => axis === side);
    const marks = own.map(({ value, label }) => ({ yAxis: value, name: label }));
    const markLine = createMarkLine(marks, ({ name, value }) => name || formatNumber(value));
    const label = { ...markLine.label, position: "insideStartTop" };
    return { type: "line", yAxisIndex, data: [], markLine: { ...markLine, label } };
  });
