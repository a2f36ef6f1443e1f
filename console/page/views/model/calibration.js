/* Shows whether 0.8 means that 80 in 100 are right: the reliability diagram. */

import { createCard } from "../../parts/card.js";
import { addChart, createAxis, createTooltip } from "../../parts/chart.js";
import { createRecordTable } from "../../parts/data_table.js";
import { create } from "../../parts/element.js";
import { formatCount, formatPercent, formatProbability, formatQuantity } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";
import { formatInterval } from "./accuracy.js";

export function addCalibrationCard(place, { calibration }, signal) {
  const bins = calibration.bins.filter((bin) => bin.photos > 0);
  const ece = formatPercent(calibration.ece);
  const card = createCard(
    "Calibration",
    create(
      "p",
      { class: "muted" },
      `How sure the model was against how often it was right; on the dashed line the two agree. Expected calibration error ${ece} from ${formatQuantity(calibration.photos, "photo")}. Larger dots stand for more photos.`,
    ),
  );
  place.append(card);
  addChart(
    card,
    `Reliability diagram; expected calibration error ${ece}`,
    () => createOption(bins),
    () =>
      createRecordTable(
        "Photos by the model's confidence",
        ["Confidence", "#Photos", "#Mean confidence", "#Right"],
        bins.map((bin) => [
          formatRange(bin),
          formatCount(bin.photos),
          formatProbability(bin.confidence),
          formatRight(bin),
        ]),
      ),
    signal,
  );
}

function createOption(bins) {
  const most = Math.max(...bins.map((bin) => bin.photos));
  const share = { type: "value", min: 0, max: 1 };
  return {
    grid: { left: 56, right: 24, top: 16, bottom: 48 },
    xAxis: createAxis({ ...share, name: "Confidence" }),
    yAxis: createAxis({ ...share, name: "Share that was right" }),
    tooltip: createTooltip(({ data }) => data.lines ?? [], { trigger: "item" }),
    series: [
      {
        type: "line",
        data: [
          [0, 0],
          [1, 1],
        ],
        symbol: "none",
        silent: true,
        lineStyle: { type: "dashed", color: getThemeColour("--muted") },
      },
      {
        type: "line",
        color: getThemeColour("--accent"),
        data: bins.map((bin) => ({
          value: [bin.confidence, bin.accuracy.value],
          symbol: "circle",
          symbolSize: 7 + 17 * Math.sqrt(bin.photos / most),
          lines: [`Confidence ${formatRange(bin)}`, formatRight(bin)],
        })),
      },
    ],
  };
}

const formatRight = ({ accuracy }) =>
  `${formatCount(accuracy.count)} of ${formatCount(accuracy.of)} right (${formatInterval(accuracy)})`;
const formatRange = (bin) => `${bin.low.toFixed(3)} to ${bin.high.toFixed(3)}`;
