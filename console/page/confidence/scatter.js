/* Each invocation a point: when, how sure, and as which class by colour and shape. */

import { photo } from "../api.js";
import { axis, drawChart, legend, tooltip } from "../chart.js";
import { classColour, classSymbol } from "../class_mark.js";
import { element } from "../element.js";
import { probability, shortTime, time } from "../format.js";

export const GRID = { left: 56, right: 20, top: 40, bottom: 92 };
/* ECharts draws symbols below 4 pixels as squares: the shapes would be lost. */
const SMALL = 5;
const LARGE = 8;
const MANY = 2000;
const HOVER_MILLISECONDS = 150;

/**
 * Draws the points into `place`; all of them, none is left out.
 *
 * @param {(first: number, last: number) => void} zoomed Called with the indices of the period that is now shown.
 */
export function scatter(place, invocations, lowest, zoomed, signal) {
  const { count, classes, time: times } = invocations;
  const series = classes.map((_, index) => points(invocations, index));
  const option = () => ({
    grid: GRID,
    legend: legend({ left: GRID.left, right: GRID.right }),
    xAxis: axis({ type: "time", min: times[0] * 1000, max: Math.max(times[count - 1], times[0] + 60) * 1000 }),
    yAxis: axis({ type: "value", min: lowest, max: 1, name: "Confidence" }),
    dataZoom: [
      { type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl", throttle: 80 },
      { type: "slider", filterMode: "none", bottom: 16, height: 28, showDataShadow: false, realtime: false, labelFormatter: (value) => shortTime(value / 1000), textStyle: { color: axis({}).axisLabel.color } },
    ],
    tooltip: tooltip(({ seriesIndex, dataIndex }) => described(invocations, series[seriesIndex].indices[dataIndex], signal), { trigger: "item", enterable: false }),
    series: classes.map((name, index) => ({
      name, type: "scatter", data: series[index].positions, dimensions: ["time", "confidence"], color: classColour(index),
      symbol: classSymbol(index), symbolSize: count > MANY ? SMALL : LARGE, itemStyle: { opacity: count > MANY ? 0.55 : 0.8 },
      large: true, largeThreshold: MANY,
    })),
  });
  const drawn = drawChart(place, "Confidence of each invocation over time; the table below holds the same", option, signal);
  drawn.echarts.on("datazoom", () => {
    const [from, to] = drawn.echarts.getModel().getComponent("xAxis", 0).axis.scale.getExtent();
    zoomed(from / 1000, to / 1000);
  });
  return drawn.echarts;
}

/** One class's positions as ECharts wants many of them, x and y in turn, and the invocation behind each. */
function points({ count, time: times, confidence, predicted }, wanted) {
  let found = 0;
  for (let index = 0; index < count; index += 1) if (predicted[index] === wanted) found += 1;
  const positions = new Float64Array(2 * found);
  const indices = new Uint32Array(found);
  for (let index = 0, point = 0; index < count; index += 1) {
    if (predicted[index] !== wanted) continue;
    positions[2 * point] = times[index] * 1000;
    positions[2 * point + 1] = confidence[index];
    indices[point] = index;
    point += 1;
  }
  return { positions, indices };
}

function described({ classes, time: times, confidence, predicted, truth }, index, signal) {
  const picture = element("img", { class: "tooltip-photo", alt: "" });
  // Whoever passes over a hundred points does not want a hundred pictures.
  setTimeout(async () => {
    if (!picture.isConnected) return;
    picture.src = await photo(`/api/invocations/${index}/photo`, signal).catch(() => "");
  }, HOVER_MILLISECONDS);
  return [`${classes[predicted[index]]} ${probability(confidence[index])}`, time(times[index]),
    truth[index] < 0 ? "what it shows is not known" : `it shows: ${classes[truth[index]]}`, picture];
}
