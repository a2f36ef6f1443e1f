/* How the confidences of the period are spread, and at which hours of which weekdays they came. */

import { axis, drawChart, legend, tooltip } from "../../parts/chart.js";
import { classColour } from "../../parts/class_mark.js";
import { dataTable, tableOfChart } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, counted, probability, zone } from "../../parts/format.js";
import { themeColour } from "../../parts/theme.js";

const BINS = 50;
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const HOURS = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}`);
const HOUR_SECONDS = 3600;

/** The histogram; `draw(first, last)` shows another period. */
export function histogram(place, invocations, lowest, signal) {
  const { classes, confidence, predicted } = invocations;
  const chart = element("div", { class: "chart" });
  const table = element("div");
  place.append(chart, table);
  let bins = [];
  const label = (bin) => probability(lowest + (bin / BINS) * (1 - lowest));
  const { redraw } = drawChart(
    chart,
    "Histogram of the confidences; the table below holds the same",
    () => ({
      grid: { left: 64, right: 16, top: 40, bottom: 48 },
      legend: legend(),
      xAxis: axis({
        type: "category",
        data: Array.from({ length: BINS }, (_, bin) => label(bin)),
        name: "Confidence from",
      }),
      yAxis: axis({
        type: "value",
        minInterval: 1,
        axisLabel: { color: themeColour("--muted"), formatter: count },
      }),
      tooltip: tooltip(
        (bars) => [
          `${bars[0].name} to ${label(bars[0].dataIndex + 1)}`,
          ...bars.map((bar) => `${bar.seriesName} ${count(bar.value)}`),
        ],
        { trigger: "axis", axisPointer: { type: "shadow" } },
      ),
      series: classes.map((name, index) => ({
        name,
        type: "bar",
        stack: "all",
        barCategoryGap: "10%",
        color: classColour(index),
        data: bins[index] ?? [],
      })),
    }),
    signal,
  );
  return (first, last) => {
    bins = classes.map(() => new Array(BINS).fill(0));
    for (let index = first; index < last; index += 1) {
      const bin = Math.floor(((confidence[index] - lowest) / (1 - lowest)) * BINS);
      bins[predicted[index]][Math.min(BINS - 1, Math.max(0, bin))] += 1;
    }
    redraw();
    table.replaceChildren(
      tableOfChart(
        dataTable(
          "Invocations by confidence",
          ["#Confidence from", ...classes.map((name) => `#${name}`)],
          Array.from({ length: BINS }, (_, bin) => [
            label(bin),
            ...bins.map((ofClass) => count(ofClass[bin])),
          ]),
        ),
      ),
    );
  };
}

/** The volumes by weekday and hour in the viewer's time zone; `draw(first, last)` shows another period. */
export function volumes(place, { time }, signal) {
  const chart = element("div", { class: "chart" });
  const table = element("div");
  place.append(chart, table);
  let cells = [];
  const { redraw } = drawChart(
    chart,
    "Invocations by weekday and hour; the table below holds the same",
    () => ({
      grid: { left: 48, right: 16, top: 16, bottom: 84 },
      xAxis: axis({ type: "category", data: HOURS, name: `Hour (${zone()})`, nameGap: 26 }),
      yAxis: axis({ type: "category", data: DAYS.map((day) => day.slice(0, 3)), inverse: true }),
      visualMap: {
        min: 0,
        max: Math.max(1, ...cells.flat()),
        calculable: false,
        orient: "horizontal",
        left: "center",
        bottom: 0,
        itemHeight: 120,
        itemWidth: 12,
        formatter: (value) => count(Math.round(value)),
        textStyle: { color: themeColour("--ink") },
        text: [count(Math.max(1, ...cells.flat())), "0"],
        inRange: { color: [themeColour("--raised"), themeColour("--accent")] },
      },
      tooltip: tooltip(
        ({ value: [hour, day, invocations] }) => [
          `${DAYS[day]} ${HOURS[hour]}:00 to ${HOURS[hour]}:59`,
          counted(invocations, "invocation"),
        ],
        { trigger: "item" },
      ),
      series: [
        {
          type: "heatmap",
          data: cells.flatMap((ofDay, day) => ofDay.map((invocations, hour) => [hour, day, invocations])),
          itemStyle: { borderWidth: 1, borderColor: themeColour("--surface") },
        },
      ],
    }),
    signal,
  );
  return (first, last) => {
    cells = DAYS.map(() => new Array(HOURS.length).fill(0));
    let hourStart = -Infinity;
    let cell = null;
    for (let index = first; index < last; index += 1) {
      // Times ascend: the local calendar is asked once an hour, not once an invocation.
      if (time[index] >= hourStart + HOUR_SECONDS) {
        const date = new Date(time[index] * 1000);
        cell = [(date.getDay() + 6) % DAYS.length, date.getHours()];
        hourStart = date.setMinutes(0, 0, 0) / 1000;
      }
      cells[cell[0]][cell[1]] += 1;
    }
    redraw();
    table.replaceChildren(
      tableOfChart(
        dataTable(
          `Invocations by weekday and hour (${zone()})`,
          ["Weekday", ...HOURS.map((hour) => `#${hour}`)],
          cells.map((ofDay, day) => [DAYS[day], ...ofDay.map(count)]),
        ),
      ),
    );
  };
}
