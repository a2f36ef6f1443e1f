/* Shows how the confidences of the period are spread, and at which hours of which weekdays they came. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCard } from "../../parts/card.js";
import { createAxis, createLegend, createTooltip, drawChartWithTable } from "../../parts/chart.js";
import { getClassColour } from "../../parts/class_mark.js";
import { drawTable } from "../../parts/data_table.js";
import { formatCount, formatQuantity } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";
import { countByHour } from "./zone.js";

const BINS = 50;
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
/* A few beside many are still seen: of shades from 0 to 1, that of the least that is more than nothing. */
const FIRST_SHADE = 0.25;

/** Draws the histogram of the invocations from `first` to before `last`. */
export function drawHistogram({ classes, confidence, predicted }, first, last, lowest) {
  const bins = classes.map(() => new Array(BINS).fill(0));
  for (let index = first; index < last; index += 1) {
    const bin = Math.floor(((confidence[index] - lowest) / (1 - lowest)) * BINS);
    bins[predicted[index]][Math.min(BINS - 1, Math.max(0, bin))] += 1;
  }
  const formatEdge = (bin) => (lowest + (bin / BINS) * (1 - lowest)).toFixed(3);
  const edges = Array.from({ length: BINS }, (_, bin) => formatEdge(bin));
  const createOption = () => ({
    grid: { left: 64, right: 16, top: 40, bottom: 48 },
    legend: createLegend(),
    xAxis: createAxis({ type: "category", data: edges, name: "Confidence from" }),
    yAxis: createAxis({
      type: "value",
      minInterval: 1,
      axisLabel: { color: getThemeColour("--muted"), formatter: formatCount },
    }),
    tooltip: createTooltip(
      (bars) => [
        `${bars[0].name} to ${formatEdge(bars[0].dataIndex + 1)}`,
        ...bars.map((bar) => `${bar.seriesName} ${formatCount(bar.value)}`),
      ],
      { trigger: "axis", axisPointer: { type: "shadow" } },
    ),
    series: classes.map((name, index) => ({
      name,
      type: "bar",
      stack: "all",
      barCategoryGap: "10%",
      color: getClassColour(index),
      data: bins[index],
    })),
  });
  return drawCard(
    "Histogram of confidences",
    drawChartWithTable(
      "Histogram of the confidences; the table below holds the same",
      createOption,
      drawTable(
        "Invocations by confidence",
        ["#Confidence from", ...classes.map((name) => `#${name}`)],
        edges.map((edge, bin) => [edge, ...bins.map((counts) => formatCount(counts[bin]))]),
      ),
    ),
  );
}

/** Draws the volumes by weekday and hour of the invocations from `first` to before `last`. */
export function drawVolumes({ time }, first, last, zone) {
  const counts = countByHour(time, first, last, zone.getOffset);
  const most = Math.max(1, ...counts.flat());
  const findShade = (count) => count && FIRST_SHADE + ((1 - FIRST_SHADE) * count) / most;
  const createOption = () => {
    const [raised, accent] = ["--raised", "--accent"].map(getThemeColour);
    return {
      grid: { left: 48, right: 16, top: 16, bottom: 84 },
      xAxis: createAxis({ type: "category", data: HOURS, name: `Hour (${zone.name})`, nameGap: 26 }),
      yAxis: createAxis({ type: "category", data: DAYS.map((day) => day.slice(0, 3)), inverse: true }),
      visualMap: {
        dimension: 2,
        min: 0,
        max: 1,
        calculable: false,
        orient: "horizontal",
        left: "center",
        bottom: 0,
        itemHeight: 120,
        itemWidth: 12,
        textStyle: { color: getThemeColour("--ink") },
        text: [formatCount(most), "0"],
        inRange: { color: [raised, accent] },
      },
      tooltip: createTooltip(
        ({ value: [hour, day, , invocations] }) => [
          `${DAYS[day]} ${HOURS[hour]}:00 to ${HOURS[hour]}:59`,
          formatQuantity(invocations, "invocation"),
        ],
        { trigger: "item" },
      ),
      series: [
        {
          type: "heatmap",
          data: counts.flatMap((hours, day) =>
            hours.map((count, hour) => [hour, day, findShade(count), count]),
          ),
          itemStyle: { borderWidth: 1, borderColor: getThemeColour("--surface") },
        },
      ],
    };
  };
  return drawCard(
    "Invocations by hour and weekday",
    html`<p class="muted small">Point at an hour, or touch it, for its number.</p>`,
    drawChartWithTable(
      "Invocations by weekday and hour; the table below holds the same",
      createOption,
      drawTable(
        `Invocations by weekday and hour (${zone.name})`,
        ["Weekday", ...HOURS.map((hour) => `#${hour}`)],
        counts.map((hours, day) => [DAYS[day], ...hours.map(formatCount)]),
      ),
    ),
  );
}
