/* What a threshold costs: photos left to a person, against photos sent the wrong way. */

import { axis, drawChart, legend, tooltip } from "../../parts/chart.js";
import { recordTable, tableOfChart } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, counted, percent, probability } from "../../parts/format.js";
import { themeColour } from "../../parts/theme.js";
import { interval } from "./accuracy.js";

export function recommendationCard({ recommendation, threshold_in_service: inService }) {
  const target = `at most ${percent(recommendation.routed_error_target)} of the routed photos wrong, with ${percent(recommendation.routed_error_confidence)} confidence`;
  const found = recommendation.threshold !== null;
  return element(
    "section",
    { class: "card", "aria-labelledby": "recommendation" },
    element("h2", { id: "recommendation" }, "Recommended threshold"),
    element(
      "p",
      {},
      element("strong", {}, found ? probability(recommendation.threshold) : "None can be recommended"),
    ),
    element(
      "p",
      {},
      `The target: ${target}. ` +
        (found
          ? `At this threshold ${count(recommendation.wrong)} of ${counted(recommendation.routed, "routed photo")} were wrong, so no more than ${percent(recommendation.bound)} are. Set confidence_threshold to ${recommendation.threshold}; auto recommends one from the validation photos at each deploy.`
          : `${counted(recommendation.photos, "photo")} do not prove it for any threshold.` +
            (recommendation.more_photos
              ? ` It needs about ${count(recommendation.more_photos)} more labelled photos.`
              : " More photos like these would not help: the model is too often wrong where it is surest. Train a better one.")),
    ),
    inService
      ? element("p", { class: "muted" }, `In service: ${probability(inService.value)} (${inService.source}).`)
      : null,
  );
}

export function thresholdPriceCard(place, report, signal) {
  const { thresholds } = report;
  const chart = element("div", { class: "chart tall" });
  place.append(
    element(
      "section",
      { class: "card", "aria-labelledby": "price" },
      element("h2", { id: "price" }, "The price of a threshold"),
      element(
        "p",
        { class: "muted" },
        `For ${counted(report.monthly_photos, "photo")} a month. Above the share that is routed; below, on a scale of its own, the share of those that is wrong, with its 95% interval as a band.`,
      ),
      chart,
      tableOfChart(
        recordTable(
          `Thresholds, for ${counted(report.monthly_photos, "photo")} a month`,
          ["#Threshold", "#Routed", "#Wrong", "#Wrong share", "#Wrong a month", "#Refused a month"],
          thresholds.map((one) => [
            probability(one.threshold),
            count(one.routed),
            count(one.wrong),
            one.wrong_share ? `${percent(one.wrong_share.value)} (${interval(one.wrong_share)})` : "–",
            one.wrong_per_month ? volume(one.wrong_per_month) : "–",
            whole(one.refused_per_month.value),
          ]),
        ),
      ),
    ),
  );
  drawChart(
    chart,
    "Share of photos routed and share of routed photos wrong, for each threshold",
    () => option(report),
    signal,
  );
}

const volume = ({ value, low, high }) => `${whole(value)} (${whole(low)} to ${whole(high)})`;
const whole = (number) => count(Math.round(number));

function option({ thresholds, photos, recommendation, threshold_in_service: inService }) {
  const known = thresholds.filter((one) => one.wrong_share);
  const target = recommendation.routed_error_target;
  // The band of a few photos reaches far: it may be cut, target and share may not.
  const mostWrong = Math.min(1, 1.5 * Math.max(target, ...known.map((one) => one.wrong_share.value)));
  const [first, last] = [thresholds[0].threshold, thresholds.at(-1).threshold];
  const lower = { xAxisIndex: 1, yAxisIndex: 1 };
  const line = (name, data, property, special) => ({
    name,
    type: "line",
    data,
    showSymbol: false,
    color: themeColour(property),
    symbol: special.symbol,
    lineStyle: { width: 2, type: special.dash },
    ...special,
  });
  const band = (data, special) => ({
    ...lower,
    type: "line",
    data,
    stack: "interval",
    showSymbol: false,
    silent: true,
    lineStyle: { opacity: 0 },
    tooltip: { show: false },
    ...special,
  });
  return {
    grid: [
      { left: 64, right: 24, top: 56, bottom: "56%" },
      { left: 64, right: 24, top: "54%", bottom: 48 },
    ],
    legend: legend({ data: ["Routed", "Wrong among the routed"] }),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    xAxis: [
      axis({ type: "value", min: first, max: last, axisLabel: { show: false } }),
      axis({ gridIndex: 1, type: "value", min: first, max: last, name: "Threshold" }),
    ],
    yAxis: [share({ max: 1, name: "Routed" }), share({ gridIndex: 1, max: mostWrong, name: "Wrong" })],
    tooltip: tooltip((points) => described(thresholds[nearest(thresholds, points[0].value[0])]), {
      trigger: "axis",
    }),
    series: [
      line(
        "Routed",
        thresholds.map((one) => [one.threshold, one.routed / photos]),
        "--class-0",
        { symbol: "circle", markLine: markLine(inService ? [{ xAxis: inService.value }] : [], "in service") },
      ),
      line(
        "Wrong among the routed",
        known.map((one) => [one.threshold, one.wrong_share.value]),
        "--failed",
        {
          ...lower,
          symbol: "triangle",
          dash: "dashed",
          markLine: markLine(
            [{ yAxis: target, label: { position: "insideEndTop" } }],
            `target: at most ${percent(target)}`,
          ),
        },
      ),
      band(
        known.map((one) => [one.threshold, one.wrong_share.low]),
        {},
      ),
      band(
        known.map((one) => [one.threshold, one.wrong_share.high - one.wrong_share.low]),
        { areaStyle: { color: themeColour("--failed"), opacity: 0.15 } },
      ),
    ],
  };
}

const share = (special) =>
  axis({
    type: "value",
    min: 0,
    nameGap: 42,
    axisLabel: { color: themeColour("--muted"), hideOverlap: true, formatter: shortPercent },
    ...special,
  });
const shortPercent = (value) => `${Number((value * 100).toFixed(1))}%`;

function markLine(data, words) {
  return {
    symbol: "none",
    silent: true,
    data,
    lineStyle: { color: themeColour("--ink"), type: "dotted" },
    label: { formatter: words, rotate: 0, position: "end", color: themeColour("--ink") },
  };
}

function nearest(thresholds, wanted) {
  const distances = thresholds.map((one) => Math.abs(one.threshold - wanted));
  return distances.indexOf(Math.min(...distances));
}

function described(one) {
  return [
    `Threshold ${probability(one.threshold)}`,
    `${counted(one.routed, "photo")} routed`,
    one.wrong_share
      ? `${count(one.wrong)} wrong: ${percent(one.wrong_share.value)} (${interval(one.wrong_share)})`
      : "none of them known",
  ];
}
