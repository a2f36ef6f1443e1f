/* Whether 0.8 means that 80 in 100 are right: the reliability diagram. */

import { axis, drawChart, tooltip } from "../../parts/chart.js";
import { recordTable, tableOfChart } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, counted, percent, probability } from "../../parts/format.js";
import { themeColour } from "../../parts/theme.js";
import { interval } from "./accuracy.js";

export function calibrationCard(place, { calibration }, signal) {
  const bins = calibration.bins.filter((bin) => bin.photos > 0);
  const chart = element("div", { class: "chart" });
  place.append(
    element(
      "section",
      { class: "card", "aria-labelledby": "calibration" },
      element("h2", { id: "calibration" }, "Calibration"),
      element(
        "p",
        { class: "muted" },
        `How sure the model was against how often it was right; on the dashed line the two agree. Expected calibration error ${percent(calibration.ece)} from ${counted(calibration.photos, "photo")}. Larger dots stand for more photos.`,
      ),
      chart,
      tableOfChart(
        recordTable(
          "Photos by the model's confidence",
          ["Confidence", "#Photos", "#Mean confidence", "#Right"],
          bins.map((bin) => [range(bin), count(bin.photos), probability(bin.confidence), right(bin)]),
        ),
      ),
    ),
  );
  const most = Math.max(...bins.map((bin) => bin.photos));
  const share = { type: "value", min: 0, max: 1 };
  drawChart(
    chart,
    `Reliability diagram; expected calibration error ${percent(calibration.ece)}`,
    () => ({
      grid: { left: 56, right: 24, top: 16, bottom: 48 },
      xAxis: axis({ ...share, name: "Confidence" }),
      yAxis: axis({ ...share, name: "Share that was right" }),
      tooltip: tooltip(({ data }) => data.lines ?? [], { trigger: "item" }),
      series: [
        {
          type: "line",
          data: [
            [0, 0],
            [1, 1],
          ],
          symbol: "none",
          silent: true,
          lineStyle: { type: "dashed", color: themeColour("--muted") },
        },
        {
          type: "line",
          color: themeColour("--accent"),
          data: bins.map((bin) => ({
            value: [bin.confidence, bin.accuracy.value],
            symbol: "circle",
            symbolSize: 7 + 17 * Math.sqrt(bin.photos / most),
            lines: [`Confidence ${range(bin)}`, right(bin)],
          })),
        },
      ],
    }),
    signal,
  );
}

const right = ({ accuracy }) =>
  `${count(accuracy.count)} of ${count(accuracy.of)} right (${interval(accuracy)})`;
const range = (bin) => `${probability(bin.low)} to ${probability(bin.high)}`;
