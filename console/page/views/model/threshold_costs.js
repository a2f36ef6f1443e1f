/* Shows what each threshold costs: photos left to a person, against photos sent the wrong way. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCard } from "../../parts/card.js";
import {
  createAxis,
  createLegend,
  createMarkLine,
  createTooltip,
  drawChartWithTable,
} from "../../parts/chart.js";
import { drawTable } from "../../parts/data_table.js";
import {
  formatCount,
  formatLevel,
  formatPercent,
  formatQuantity,
  formatShares,
  formatThreshold,
} from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";
import { formatShare } from "./accuracy.js";

export function drawThresholdCosts(report) {
  const perMonth = `${formatQuantity(report.monthly_photos, "photo")} a month`;
  const rows = report.thresholds.map((one) => [
    formatThreshold(one.threshold),
    formatCount(one.routed),
    formatCount(one.wrong),
    formatShare(one.wrong_share),
    formatVolume(one.wrong_per_month),
    formatWhole(one.refused_per_month.value),
  ]);
  const columns = ["#Threshold", "#Routed", "#Wrong", "#Wrong share", "#Wrong a month", "#Refused a month"];
  return drawCard(
    "What each threshold costs",
    html`<p class="muted">
      For ${perMonth}. Above, the photos that are routed and those that are refused; below, on a scale of its
      own, the share of the routed ones that is wrong, with its 95% interval as a band.
    </p>`,
    drawChartWithTable(
      "Share of photos routed and share of routed photos wrong, for each threshold",
      () => createOption(report),
      drawTable(`Thresholds, for ${perMonth}`, columns, rows, { records: true }),
      { tall: true },
    ),
  );
}

const formatWhole = (number) => formatCount(Math.round(number));
const formatVolume = ({ value, low, high }) =>
  `${formatWhole(value)} (${formatWhole(low)} to ${formatWhole(high)})`;

function createOption(report) {
  const { thresholds, photos, threshold_in_service: inService, monthly_photos: monthly } = report;
  const known = thresholds.filter((one) => one.wrong_share);
  const target = report.recommendation.routed_error_target;
  // The band of a few photos reaches far: it may be cut, target and share may not.
  const mostWrong = Math.min(1, 1.5 * Math.max(target, ...known.map((one) => one.wrong_share.value)));
  const [first, last] = [thresholds[0].threshold, thresholds.at(-1).threshold];
  const lower = { xAxisIndex: 1, yAxisIndex: 1 };
  const createLine = (name, data, property, special) => ({
    name,
    type: "line",
    step: "end",
    data,
    showSymbol: false,
    color: getThemeColour(property),
    lineStyle: { width: 2 },
    ...special,
  });
  const createBand = (data, special) => ({
    ...lower,
    type: "line",
    step: "end",
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
      { left: 64, right: 72, top: 56, bottom: "56%" },
      { left: 64, right: 72, top: "54%", bottom: 48 },
    ],
    legend: createLegend({ data: ["Routed", "Wrong among the routed"] }),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    xAxis: [
      createAxis({ type: "value", min: first, max: last, axisLabel: { show: false } }),
      createAxis({ gridIndex: 1, type: "value", min: first, max: last, name: "Threshold" }),
    ],
    yAxis: [
      createShareAxis({ max: 1, name: "Routed" }),
      createShareAxis({ gridIndex: 1, max: mostWrong, name: "Wrong" }),
      // What is not routed is refused: the same line, read from above.
      createShareAxis({
        max: monthly,
        inverse: true,
        position: "right",
        name: "Refused a month",
        nameGap: 56,
        splitLine: { show: false },
        axisLabel: { color: getThemeColour("--muted"), formatter: formatWhole },
      }),
    ],
    tooltip: createTooltip(
      (points) => describeThreshold(findNearest(thresholds, points[0].value[0]), report),
      { trigger: "axis" },
    ),
    series: [
      createLine(
        "Routed",
        thresholds.map((one) => [one.threshold, one.routed / photos]),
        "--class-0",
        {
          symbol: "circle",
          markLine: createMarkLine(inService ? [{ xAxis: inService.value }] : [], "in service"),
        },
      ),
      createLine(
        "Wrong among the routed",
        known.map((one) => [one.threshold, one.wrong_share.value]),
        "--failed",
        {
          ...lower,
          symbol: "triangle",
          lineStyle: { width: 2, type: "dashed" },
          markLine: createMarkLine(
            [{ yAxis: target, label: { position: "insideEndTop" } }],
            `target: at most ${formatLevel(target)}`,
          ),
        },
      ),
      createBand(
        known.map((one) => [one.threshold, one.wrong_share.low]),
        {},
      ),
      createBand(
        known.map((one) => [one.threshold, one.wrong_share.high - one.wrong_share.low]),
        { areaStyle: { color: getThemeColour("--failed"), opacity: 0.15 } },
      ),
      {
        ...lower,
        name: "beyond",
        type: "scatter",
        symbol: "triangle",
        symbolSize: 9,
        symbolOffset: [0, "60%"],
        silent: true,
        color: getThemeColour("--failed"),
        data: findExcesses(known, mostWrong).map(({ from, to, high }) => ({
          value: [(from + to) / 2, mostWrong],
          label: { show: true, position: "top", distance: 4, formatter: `to ${formatPercent(high)}` },
        })),
        label: { color: getThemeColour("--muted") },
        tooltip: { show: false },
      },
    ],
  };
}

/** Returns where the interval reaches beyond what is drawn: from and to which threshold, and how far. */
function findExcesses(known, highest) {
  const excesses = [];
  let excess = null;
  for (const { threshold, wrong_share: share } of known) {
    if (share.high <= highest) {
      // A step ends where the next one begins.
      if (excess) excess.to = threshold;
      excess = null;
    } else if (excess) {
      excess.to = threshold;
      excess.high = Math.max(excess.high, share.high);
    } else {
      excess = { from: threshold, to: threshold, high: share.high };
      excesses.push(excess);
    }
  }
  return excesses;
}

const createShareAxis = (special) =>
  createAxis({
    type: "value",
    min: 0,
    nameGap: 42,
    axisLabel: { color: getThemeColour("--muted"), hideOverlap: true, formatter: formatLevel },
    ...special,
  });

function findNearest(thresholds, wanted) {
  const distances = thresholds.map((one) => Math.abs(one.threshold - wanted));
  return thresholds[distances.indexOf(Math.min(...distances))];
}

function describeThreshold(one, { photos, monthly_photos: monthly }) {
  const [routed, refused] = formatShares(one.routed, photos);
  return [
    `Threshold ${formatThreshold(one.threshold)}`,
    `Routed ${routed}: ${formatWhole(monthly - one.refused_per_month.value)} a month`,
    `Refused ${refused}: ${formatVolume(one.refused_per_month)} a month`,
    one.wrong_share
      ? `Wrong ${formatShare(one.wrong_share)} of the routed: ${formatVolume(one.wrong_per_month)} a month`
      : "Wrong: none is routed",
  ];
}
