/* The training job's accuracy, epoch by epoch, and the epoch whose weights were stored. */

import { axis, drawChart, legend, tooltip } from "../../parts/chart.js";
import { dataTable, tableOfChart } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, percent } from "../../parts/format.js";
import { emptyState } from "../../parts/loading.js";
import { themeColour } from "../../parts/theme.js";

const CURVES = [
  ["Training accuracy", "train_accuracy", "--class-1", "triangle", "dashed"],
  ["Validation accuracy", "validation_accuracy", "--class-0", "circle", "solid"],
];

export function trainingCurves(place, { job, epochs, stored_epoch: stored }, signal) {
  if (epochs.length === 0) {
    place.append(
      emptyState(`Job ${job} has logged no epoch yet. Look again when it has trained for a while.`),
    );
    return;
  }
  const chart = element("div", { class: "chart" });
  place.append(
    element(
      "p",
      { class: "muted" },
      `Job ${job}, ${count(epochs.length)} epochs.${stored === null ? "" : ` The weights of epoch ${stored} were stored.`}`,
    ),
    chart,
    tableOfChart(
      dataTable(
        "Accuracy of each epoch",
        ["#Epoch", "#Training accuracy", "#Validation accuracy"],
        epochs.map((one) => [
          `${one.epoch}${one.epoch === stored ? " (stored)" : ""}`,
          accuracy(one.train_accuracy),
          accuracy(one.validation_accuracy),
        ]),
      ),
    ),
  );
  drawChart(
    chart,
    "Training and validation accuracy of each epoch",
    () => ({
      grid: { left: 56, right: 24, top: 56, bottom: 48 },
      legend: legend(),
      xAxis: axis({
        type: "value",
        min: epochs[0].epoch,
        max: Math.max(epochs.at(-1).epoch, epochs[0].epoch + 1),
        minInterval: 1,
        name: "Epoch",
      }),
      yAxis: axis({
        type: "value",
        scale: true,
        max: 1,
        name: "Accuracy",
        nameGap: 38,
        axisLabel: { color: themeColour("--muted"), formatter: (value) => `${Math.round(value * 100)}%` },
      }),
      tooltip: tooltip(
        (points) => [
          `Epoch ${points[0].value[0]}`,
          ...points.map((point) => `${point.seriesName} ${accuracy(point.value[1])}`),
        ],
        { trigger: "axis" },
      ),
      series: CURVES.map(([name, field, property, symbol, dash], index) => ({
        name,
        type: "line",
        symbol,
        symbolSize: 7,
        color: themeColour(property),
        lineStyle: { type: dash },
        data: epochs.filter((one) => one[field] !== null).map((one) => [one.epoch, one[field]]),
        markLine:
          index === 1 && stored !== null
            ? {
                symbol: "none",
                silent: true,
                data: [{ xAxis: stored }],
                lineStyle: { color: themeColour("--ink"), type: "dotted" },
                label: { formatter: "stored", rotate: 0, position: "end", color: themeColour("--ink") },
              }
            : undefined,
      })),
    }),
    signal,
  );
}

const accuracy = (share) => (share === null ? "–" : percent(share));
