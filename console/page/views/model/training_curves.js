/* Shows the training job's accuracy, epoch by epoch, and the epoch whose weights it stored. */

import { addChart, createAxis, createLegend, createMarkLine, createTooltip } from "../../parts/chart.js";
import { createTable } from "../../parts/data_table.js";
import { create } from "../../parts/element.js";
import { formatCount, formatPercent } from "../../parts/format.js";
import { createEmptyState } from "../../parts/loading.js";
import { getThemeColour } from "../../parts/theme.js";

const CURVES = [
  ["Training accuracy", "train_accuracy", "--class-1", "triangle", "dashed"],
  ["Validation accuracy", "validation_accuracy", "--class-0", "circle", "solid"],
];

export function addTrainingCurves(place, { job, epochs, stored_epoch: stored }, signal) {
  if (epochs.length === 0) {
    place.append(
      createEmptyState(`Job ${job} has logged no epoch yet. Look again when it has trained for a while.`),
    );
    return;
  }
  place.append(
    create(
      "p",
      { class: "muted" },
      `Job ${job}, ${formatCount(epochs.length)} epochs.${stored === null ? "" : ` The weights of epoch ${stored} were stored.`}`,
    ),
  );
  addChart(
    place,
    "Training and validation accuracy of each epoch",
    () => createOption(epochs, stored),
    () =>
      createTable(
        "Accuracy of each epoch",
        ["#Epoch", "#Training accuracy", "#Validation accuracy"],
        epochs.map((one) => [
          `${one.epoch}${one.epoch === stored ? " (stored)" : ""}`,
          formatPercent(one.train_accuracy),
          formatPercent(one.validation_accuracy),
        ]),
      ),
    signal,
  );
}

function createOption(epochs, stored) {
  const [first, last] = [epochs[0].epoch, epochs.at(-1).epoch];
  return {
    grid: { left: 56, right: 24, top: 56, bottom: 48 },
    legend: createLegend(),
    xAxis: createAxis({
      type: "value",
      min: first,
      max: Math.max(last, first + 1),
      minInterval: 1,
      name: "Epoch",
    }),
    yAxis: createAxis({
      type: "value",
      scale: true,
      max: 1,
      name: "Accuracy",
      nameGap: 38,
      axisLabel: { color: getThemeColour("--muted"), formatter: (value) => `${Math.round(value * 100)}%` },
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
      data: epochs.filter((one) => one[field] !== null).map((one) => [one.epoch, one[field]]),
      markLine: index === 1 && stored !== null ? createMarkLine([{ xAxis: stored }], "stored") : undefined,
    })),
  };
}
