/* Draws what the drift reports measure: a small chart each, with its index and its noise floor over the days. */

import { html } from "/static/lit-html/lit-html.js";
import { createAxis, createLegend, createTooltip, drawChartWithTable } from "../../parts/chart.js";
import { drawTable } from "../../parts/data_table.js";
import { getThemeColour } from "../../parts/theme.js";
import { formatIndex, nameMeasure, readMeasure } from "./drift_words.js";

const INDEX = "Index";
const NOISE = "Noise floor";
const DAY = 86_400_000;

/** Draws a chart of each measure that the reports, given the oldest first, have. */
export function drawMeasures(reports) {
  const measures = [...new Set(reports.flatMap((report) => report.measures.map(({ measure }) => measure)))];
  return html`<div class="drift-measures">${measures.map((measure) => drawMeasure(measure, reports))}</div>`;
}

function drawMeasure(measure, reports) {
  const found = reports.flatMap(({ day, measures }) =>
    measures.filter((one) => one.measure === measure).map((one) => ({ ...one, day })),
  );
  const name = nameMeasure(measure);
  const last = found.at(-1);
  const rows = found
    .map((one) => [one.day, formatIndex(one.index), formatIndex(one.noise), readMeasure(one)])
    .reverse();
  return html`<section aria-label="Drift of ${name}">
    <h3>${name[0].toUpperCase()}${name.slice(1)}</h3>
    <p class="small muted">${last.day}: ${readMeasure(last)}</p>
    ${drawChartWithTable(
      `Drift of ${name} by day: index against noise floor`,
      () => createOption(found),
      drawTable(`Drift of ${name}, newest first`, ["Day", `#${INDEX}`, `#${NOISE}`, "Reading"], rows),
    )}
  </section>`;
}

function createOption(found) {
  const days = found.map(({ day }) => Date.parse(`${day}T00:00:00Z`));
  const times = { min: days[0] - DAY / 2, max: days.at(-1) + DAY / 2 };
  const formatDay = (time) => new Date(time).toISOString().slice(5, 10);
  const data = (field) => found.map((one, at) => [days[at], one[field]]);
  const line = { type: "line", symbolSize: 7 };
  return {
    grid: { left: 4, right: 16, top: 32, bottom: 4, containLabel: true },
    legend: createLegend(),
    xAxis: createAxis({
      type: "time",
      ...times,
      minInterval: DAY,
      axisLabel: { color: getThemeColour("--muted"), hideOverlap: true, formatter: formatDay },
    }),
    yAxis: createAxis({ type: "value", min: 0, splitNumber: 3 }),
    tooltip: createTooltip(
      (points) => [
        new Date(points[0].value[0]).toISOString().slice(0, 10),
        ...points.map(({ seriesName, value }) => `${seriesName} ${formatIndex(value[1])}`),
      ],
      { trigger: "axis" },
    ),
    series: [
      { ...line, name: INDEX, color: getThemeColour("--class-0"), symbol: "circle", data: data("index") },
      {
        ...line,
        name: NOISE,
        color: getThemeColour("--muted"),
        // A day alone has no line.
        symbol: "rect",
        symbolSize: 4,
        lineStyle: { type: "dashed" },
        data: data("noise"),
      },
    ],
  };
}
