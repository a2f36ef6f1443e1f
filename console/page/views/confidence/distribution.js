/* Shows how the confidences of the period are spread, and at which hours of which weekdays they came. */

import { addChart, createAxis, createLegend, createTooltip } from "../../parts/chart.js";
import { getClassColour } from "../../parts/class_mark.js";
import { createTable } from "../../parts/data_table.js";
import { formatCount, formatQuantity, getTimeZone } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";

const BINS = 50;
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
const HOUR_SECONDS = 3600;

/** Adds the histogram; returns a function that shows another period. */
export function addHistogram(place, { classes, confidence, predicted }, lowest, signal) {
  const createBins = () => classes.map(() => new Array(BINS).fill(0));
  let bins = createBins();
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
  const createRows = () =>
    createTable(
      "Invocations by confidence",
      ["#Confidence from", ...classes.map((name) => `#${name}`)],
      edges.map((edge, bin) => [edge, ...bins.map((counts) => formatCount(counts[bin]))]),
    );
  const description = "Histogram of the confidences; the table below holds the same";
  const redraw = addChart(place, description, createOption, createRows, signal);
  return (first, last) => {
    bins = createBins();
    for (let index = first; index < last; index += 1) {
      const bin = Math.floor(((confidence[index] - lowest) / (1 - lowest)) * BINS);
      bins[predicted[index]][Math.min(BINS - 1, Math.max(0, bin))] += 1;
    }
    redraw();
  };
}

/** Adds the volumes by weekday and hour in the browser's time zone; returns a function that shows another period. */
export function addVolumes(place, { time }, signal) {
  const createCells = () => DAYS.map(() => new Array(HOURS.length).fill(0));
  let cells = createCells();
  const createOption = () => {
    const most = Math.max(1, ...cells.flat());
    return {
      grid: { left: 48, right: 16, top: 16, bottom: 84 },
      xAxis: createAxis({ type: "category", data: HOURS, name: `Hour (${getTimeZone()})`, nameGap: 26 }),
      yAxis: createAxis({ type: "category", data: DAYS.map((day) => day.slice(0, 3)), inverse: true }),
      visualMap: {
        min: 0,
        max: most,
        calculable: false,
        orient: "horizontal",
        left: "center",
        bottom: 0,
        itemHeight: 120,
        itemWidth: 12,
        formatter: (value) => formatCount(Math.round(value)),
        textStyle: { color: getThemeColour("--ink") },
        text: [formatCount(most), "0"],
        inRange: { color: [getThemeColour("--raised"), getThemeColour("--accent")] },
      },
      tooltip: createTooltip(
        ({ value: [hour, day, invocations] }) => [
          `${DAYS[day]} ${HOURS[hour]}:00 to ${HOURS[hour]}:59`,
          formatQuantity(invocations, "invocation"),
        ],
        { trigger: "item" },
      ),
      series: [
        {
          type: "heatmap",
          data: cells.flatMap((counts, day) => counts.map((count, hour) => [hour, day, count])),
          itemStyle: { borderWidth: 1, borderColor: getThemeColour("--surface") },
        },
      ],
    };
  };
  const createRows = () =>
    createTable(
      `Invocations by weekday and hour (${getTimeZone()})`,
      ["Weekday", ...HOURS.map((hour) => `#${hour}`)],
      cells.map((counts, day) => [DAYS[day], ...counts.map(formatCount)]),
    );
  const description = "Invocations by weekday and hour; the table below holds the same";
  const redraw = addChart(place, description, createOption, createRows, signal);
  return (first, last) => {
    cells = createCells();
    let hourStart = -Infinity;
    let [day, hour] = [0, 0];
    for (let index = first; index < last; index += 1) {
      // Times ascend, so the local calendar is asked once an hour, not once an invocation.
      if (time[index] >= hourStart + HOUR_SECONDS) {
        const date = new Date(time[index] * 1000);
        [day, hour] = [(date.getDay() + 6) % DAYS.length, date.getHours()];
        hourStart = date.setMinutes(0, 0, 0) / 1000;
      }
      cells[day][hour] += 1;
    }
    redraw();
  };
}
