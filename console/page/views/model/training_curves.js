/* Shows the training job's accuracy, epoch by epoch, and the epoch whose weights it stored. */

import { html } from "/static/lit-html/lit-html.js";
import { drawNotice } from "../../parts/answers.js";
import {
  createAxis,
  createLegend,
  createMarkLine,
  createTooltip,
  drawChartWithTable,
} from "../../parts/chart.js";
import { drawTable } from "../../parts/data_table.js";
import { formatLevel, formatPercent, formatQuantity } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";

const CURVES = [
  ["Training accuracy", "train_accuracy", "--class-1", "triangle", "dashed"],
  ["Validation accuracy", "validation_accuracy", "--class-0", "circle", "solid"],
];

export function drawTraining({ job, epochs, stored_epoch: stored }) {
  if (epochs.length === 0) {
    return drawNotice(`Job ${job} has logged no epoch yet. Look again when it has trained for a while.`);
  }
  const rows = epochs.map((one) => [
    `${count(one.epoch)}${one.epoch === stored ? " (stored)" : ""}`,
    formatPercent(one.train_accuracy),
    formatPercent(one.validation_accuracy),
  ]);
  const columns = ["#Epoch", "#Training accuracy", "#Validation accuracy"];
  return html`
    <p class="muted">
      Job ${job}, ${formatQuantity(epochs.length, "epoch")}.
      ${stored === null ? "" : `The weights of epoch ${count(stored)} were stored.`}
    </p>
    ${drawChartWithTable(
      "Training and validation accuracy of each epoch",
      () => createOption(epochs, stored),
      drawTable("Accuracy of each epoch", columns, rows),
    )}
  `;
}

/** Returns the number of an epoch for people, who count from 1; the log counts from 0. */
const count = (epoch) => epoch + 1;

function createOption(epochs, stored) {
  const known = epochs.flatMap((one) => CURVES.map(([, field]) => one[field])).filter(Number.isFinite);
  const least = Math.floor(10 * Math.min(...known)) / 10;
  const last = count(epochs.at(-1).epoch);
  return {
    grid: { left: 56, right: 24, top: 56, bottom: 48 },
    legend: createLegend(),
    xAxis: createAxis({ type: "value", min: 1, max: Math.max(last, 2), minInterval: 1, name: "Epoch" }),
    yAxis: createAxis({
      type: "value",
      min: least,
      max: 1,
      interval: least < 0.8 ? 0.1 : 0.05,
      name: "Accuracy",
      nameGap: 38,
      axisLabel: { color: getThemeColour("--muted"), hideOverlap: true, formatter: formatLevel },
    }),
    tooltip: createTooltip(
      (points) => [
        `Epoch ${points[0].value[0]}`,
        ...points.map((point) => `${point.seriesName} ${formatPercent(point.value[1])}`),
      ],
      { trigger: "axis" },
    ),
    series: CURVES.map(([name, field, property, symbol, dash], index) => ({
      name,
      type: "line",
      symbol,
      symbolSize: 7,
      color: getThemeColour(property),
      lineStyle: { type: dash },
      data: epochs.filter((one) => one[field] !== null).map((one) => [count(one.epoch), one[field]]),
      markLine:
        index === 1 && stored !== null ? createMarkLine([{ xAxis: count(stored) }], "stored") : undefined,
    })),
  };
}
