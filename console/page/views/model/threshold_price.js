/* Shows what a threshold costs: photos left to a person, against photos sent the wrong way. */

import { createCard } from "../../parts/card.js";
import { addChart, createAxis, createLegend, createMarkLine, createTooltip } from "../../parts/chart.js";
import { createRecordTable } from "../../parts/data_table.js";
import { create } from "../../parts/element.js";
import { formatCount, formatPercent, formatQuantity, formatThreshold } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";
import { formatInterval } from "./accuracy.js";

export function createRecommendationCard({ recommendation, threshold_in_service: inService }) {
  const { threshold, more_photos: morePhotos } = recommendation;
  const [target, confidence] = [recommendation.routed_error_target, recommendation.routed_error_confidence];
  return createCard(
    "Recommended threshold",
    create(
      "p",
      {},
      create("strong", {}, threshold === null ? "None can be recommended" : formatThreshold(threshold)),
    ),
    create(
      "p",
      {},
      `The target: at most ${formatPercent(target)} of the routed photos wrong, with ${formatPercent(confidence)} confidence. `,
      threshold === null
        ? `${formatQuantity(recommendation.photos, "photo")} do not prove it for any threshold. ` +
            (morePhotos
              ? `It needs about ${formatCount(morePhotos)} more labelled photos.`
              : "More photos like these would not help: the model is too often wrong where it is surest. Train a better one.")
        : `At this threshold ${formatCount(recommendation.wrong)} of ${formatQuantity(recommendation.routed, "routed photo")} were wrong, so no more than ${formatPercent(recommendation.bound)} are. Set confidence_threshold to ${threshold}; auto recommends one from the validation photos at each deploy.`,
    ),
    inService
      ? create(
          "p",
          { class: "muted" },
          `In service: ${formatThreshold(inService.value)} (${inService.source}).`,
        )
      : null,
  );
}

export function addThresholdPriceCard(place, report, signal) {
  const perMonth = `${formatQuantity(report.monthly_photos, "photo")} a month`;
  const card = createCard(
    "The price of a threshold",
    create(
      "p",
      { class: "muted" },
      `For ${perMonth}. Above the share that is routed; below, on a scale of its own, the share of those that is wrong, with its 95% interval as a band.`,
    ),
  );
  place.append(card);
  addChart(
    card,
    "Share of photos routed and share of routed photos wrong, for each threshold",
    () => createOption(report),
    () =>
      createRecordTable(
        `Thresholds, for ${perMonth}`,
        ["#Threshold", "#Routed", "#Wrong", "#Wrong share", "#Wrong a month", "#Refused a month"],
        report.thresholds.map((one) => [
          formatThreshold(one.threshold),
          formatCount(one.routed),
          formatCount(one.wrong),
          one.wrong_share ? formatShare(one.wrong_share) : "–",
          one.wrong_per_month ? formatVolume(one.wrong_per_month) : "–",
          formatWhole(one.refused_per_month.value),
        ]),
      ),
    signal,
    { tall: true },
  );
}

const formatWhole = (number) => formatCount(Math.round(number));
const formatVolume = ({ value, low, high }) =>
  `${formatWhole(value)} (${formatWhole(low)} to ${formatWhole(high)})`;
const formatShare = (share) => `${formatPercent(share.value)} (${formatInterval(share)})`;

function createOption({ thresholds, photos, recommendation, threshold_in_service: inService }) {
  const known = thresholds.filter((one) => one.wrong_share);
  const target = recommendation.routed_error_target;
  // The band of a few photos reaches far: it may be cut, target and share may not.
  const mostWrong = Math.min(1, 1.5 * Math.max(target, ...known.map((one) => one.wrong_share.value)));
  const [first, last] = [thresholds[0].threshold, thresholds.at(-1).threshold];
  const lower = { xAxisIndex: 1, yAxisIndex: 1 };
  const createLine = (name, data, property, special) => ({
    name,
    type: "line",
    data,
    showSymbol: false,
    color: getThemeColour(property),
    lineStyle: { width: 2 },
    ...special,
  });
  const createBand = (data, special) => ({
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
    legend: createLegend({ data: ["Routed", "Wrong among the routed"] }),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    xAxis: [
      createAxis({ type: "value", min: first, max: last, axisLabel: { show: false } }),
      createAxis({ gridIndex: 1, type: "value", min: first, max: last, name: "Threshold" }),
    ],
    yAxis: [
      createShareAxis({ max: 1, name: "Routed" }),
      createShareAxis({ gridIndex: 1, max: mostWrong, name: "Wrong" }),
    ],
    tooltip: createTooltip((points) => describeThreshold(findNearest(thresholds, points[0].value[0])), {
      trigger: "axis",
    }),
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
            `target: at most ${formatPercent(target)}`,
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
    ],
  };
}

const createShareAxis = (special) =>
  createAxis({
    type: "value",
    min: 0,
    nameGap: 42,
    axisLabel: { color: getThemeColour("--muted"), hideOverlap: true, formatter: formatShortPercent },
    ...special,
  });
const formatShortPercent = (value) => `${Number((value * 100).toFixed(1))}%`;

function findNearest(thresholds, wanted) {
  const distances = thresholds.map((one) => Math.abs(one.threshold - wanted));
  return thresholds[distances.indexOf(Math.min(...distances))];
}

function describeThreshold(one) {
  return [
    `Threshold ${formatThreshold(one.threshold)}`,
    `${formatQuantity(one.routed, "photo")} routed`,
    one.wrong_share
      ? `${formatCount(one.wrong)} wrong: ${formatShare(one.wrong_share)}`
      : "none of them known",
  ];
}
