/* Shows whether 0.8 means that 80 in 100 are right: the reliability diagram. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCard } from "../../parts/card.js";
import { createAxis, createTooltip, drawChartWithTable } from "../../parts/chart.js";
import { drawTable } from "../../parts/data_table.js";
import { formatCount, formatPercent, formatProbability, formatQuantity } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";
import { formatInterval } from "./accuracy.js";

/* So few photos say next to nothing of a share: no line leads through their dot. */
const FEWEST_FOR_A_LINE = 5;
const STEPS = 20;

export function drawCalibration({ calibration, answers, classes }) {
  const bins = calibration.bins.filter((bin) => bin.photos > 0);
  const confidences = answers.map((answer) => Math.max(...answer.probabilities));
  const error = `Calibration error (ECE) ${formatPercent(calibration.ece)}`;
  const rows = bins.map((bin) => [
    formatRange(bin),
    formatCount(bin.photos),
    formatProbability(bin.confidence),
    formatRight(bin),
  ]);
  const columns = ["Confidence", "#Photos", "#Mean confidence", "#Right"];
  return drawCard(
    "Calibration",
    html`<p class="muted">
      ${error}, ${formatQuantity(calibration.photos, "photo")}. Each dot stands for photos of like confidence,
      its bar for the 95% interval of the share that was right; on the dashed line the two agree. Below: how
      many photos have which confidence.
    </p>`,
    drawChartWithTable(
      `Reliability diagram. ${error}`,
      () => createOption(bins, confidences, Math.floor(STEPS / classes.length) / STEPS),
      drawTable("Photos by the model's confidence", columns, rows, { records: true }),
      { tall: true },
    ),
  );
}

function createOption(bins, confidences, least) {
  const muted = getThemeColour("--muted");
  const share = { type: "value", min: least, max: 1 };
  return {
    grid: [
      { left: 56, right: 24, top: 16, bottom: "36%" },
      { left: 56, right: 24, top: "70%", bottom: 48 },
    ],
    xAxis: [
      createAxis({ ...share, axisLabel: { show: false } }),
      createAxis({ ...share, gridIndex: 1, name: "Confidence" }),
    ],
    yAxis: [
      createAxis({ type: "value", min: 0, max: 1, name: "Share that was right", nameGap: 36 }),
      createAxis({
        type: "value",
        gridIndex: 1,
        minInterval: 1,
        splitNumber: 2,
        name: "Photos",
        nameGap: 36,
      }),
    ],
    tooltip: createTooltip(({ data }) => data.lines, { trigger: "item" }),
    series: [
      {
        type: "line",
        data: [
          [least, least],
          [1, 1],
        ],
        symbol: "none",
        silent: true,
        lineStyle: { type: "dashed", color: muted },
      },
      createIntervals(bins),
      {
        type: "line",
        color: getThemeColour("--accent"),
        symbol: "circle",
        symbolSize: 9,
        data: bins.flatMap((bin, index) => {
          const dot = {
            value: [bin.confidence, bin.accuracy.value],
            lines: [`Confidence ${formatRange(bin)}`, formatRight(bin)],
          };
          // A hole in the data breaks the line.
          const isBroken = Math.min(bin.photos, bins[index + 1]?.photos) < FEWEST_FOR_A_LINE;
          return isBroken ? [dot, { value: [bin.confidence, NaN], lines: [] }] : [dot];
        }),
      },
      createHistogram(confidences, least, muted),
    ],
  };
}

/** Returns a series of upright bars: the 95% interval of each bin. */
const createIntervals = (bins) => ({
  type: "custom",
  silent: true,
  encode: { x: 0, y: [1, 2] },
  data: bins.map((bin) => [bin.confidence, bin.accuracy.low, bin.accuracy.high]),
  renderItem: (_, api) => {
    const [x, y1] = api.coord([api.value(0), api.value(1)]);
    const [, y2] = api.coord([api.value(0), api.value(2)]);
    const style = { stroke: getThemeColour("--accent"), lineWidth: 1.5, opacity: 0.6 };
    const createLine = (x1, top, x2, bottom) => ({
      type: "line",
      shape: { x1, y1: top, x2, y2: bottom },
      style,
    });
    const ends = [y1, y2].map((y) => createLine(x - 4, y, x + 4, y));
    return { type: "group", children: [createLine(x, y1, x, y2), ...ends] };
  },
});

/** Returns a series of columns: how many photos have a confidence of each step. */
function createHistogram(confidences, least, fill) {
  const photos = new Array(STEPS).fill(0);
  for (const confidence of confidences) photos[Math.min(Math.floor(confidence * STEPS), STEPS - 1)] += 1;
  const createStep = (count, step) => {
    const [from, to] = [step / STEPS, (step + 1) / STEPS];
    return {
      value: [from, count],
      lines: [
        `Confidence ${formatProbability(from)} to ${formatProbability(to)}`,
        formatQuantity(count, "photo"),
      ],
    };
  };
  return {
    type: "custom",
    xAxisIndex: 1,
    yAxisIndex: 1,
    data: photos.map(createStep).slice(Math.round(least * STEPS)),
    renderItem: (_, api) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [right, bottom] = api.coord([api.value(0) + 1 / STEPS, 0]);
      const shape = { x, y, width: right - x - 1, height: bottom - y };
      return { type: "rect", shape, style: { fill, opacity: 0.7 } };
    },
  };
}

const formatRight = ({ accuracy }) =>
  `${formatCount(accuracy.count)} of ${formatCount(accuracy.of)} right (${formatInterval(accuracy)})`;
const formatRange = (bin) => `${formatProbability(bin.low)} to ${formatProbability(bin.high)}`;
