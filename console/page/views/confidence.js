/* Shows the confidence over time, each captured invocation as a point, and what a threshold does with them. */

import { ApiError, readEvents, request } from "../api.js";
import { createCard, createFigure } from "../parts/card.js";
import { create } from "../parts/element.js";
import {
  formatCount,
  formatPercent,
  formatQuantity,
  formatShortTime,
  formatThreshold,
  getTimeZone,
} from "../parts/format.js";
import { createEmptyState, createErrorLine } from "../parts/loading.js";
import { addHistogram, addVolumes } from "./confidence/distribution.js";
import { downloadCsv, downloadPng } from "./confidence/download.js";
import { computePopulationStability } from "./confidence/drift.js";
import { showOnHover } from "./confidence/hover.js";
import { createThresholdCounter, findLowerBound, readInvocations } from "./confidence/invocations.js";
import { drawScatter, GRID } from "./confidence/scatter.js";
import { addInvocationTable } from "./confidence/table.js";
import { addThresholdLine } from "./confidence/threshold_line.js";

const PROPOSED = 0.8;
const REST_MILLISECONDS = 120;
const PERIODS = [
  ["Last day", 86_400],
  ["Last week", 604_800],
  ["Whole time", Infinity],
];

export function showConfidence(content, { signal }) {
  const progress = create("div", { role: "status" });
  const place = create("div", { class: "stack" });
  content.append(
    create(
      "div",
      {},
      create(
        "p",
        { class: "lead" },
        "The endpoint's answers, from its data capture or, where it has none, from the executions. Drag the threshold, or move it with the arrow keys, and see what it would have done.",
      ),
      progress,
    ),
    place,
  );
  read(progress, place, signal);
}

/** Has the server read what was captured; draws once when something is read, and again at the end. */
async function read(progress, place, signal) {
  let drawn = null;
  place.setAttribute("aria-busy", "true");
  try {
    for await (const state of readEvents("/api/invocations/events", signal)) {
      showProgress(progress, state);
      if (state.missing) {
        place.replaceChildren(createEmptyState(state.missing));
        return;
      }
      if (state.done || (drawn === null && state.invocations > 0)) drawn = await draw(place, drawn, signal);
      if (state.error) throw new ApiError(state.error);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) console.error(error);
    progress.replaceChildren(createErrorLine(error, () => read(progress, place, signal)));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function showProgress(
  place,
  { unit, read: units, of, more, invocations, done, bad_lines: bad, measurements },
) {
  if (done) {
    const notes = [
      more ? `Only the newest ${formatQuantity(units, unit)} were read.` : "",
      bad ? `${formatQuantity(bad, "captured line")} could not be read.` : "",
      measurements ? `${formatQuantity(measurements, "answer")} that only measured the model left out.` : "",
    ].filter(Boolean);
    place.replaceChildren(...notes.map((note) => create("p", { class: "muted small" }, note)));
    return;
  }
  place.replaceChildren(
    create("progress", { "aria-label": "Data read", max: 1, ...(of ? { value: units / of } : {}) }),
    create(
      "p",
      { class: "muted" },
      `${of ? `${formatCount(units)} of ` : ""}${formatQuantity(of || units, unit)} read, ${formatQuantity(invocations, "invocation")}`,
    ),
  );
}

/** Draws what the server has read; the threshold stays where the user dragged it. */
async function draw(place, before, signal) {
  const invocations = readInvocations(await (await request("/api/invocations", { signal })).arrayBuffer());
  if (before?.count === invocations.count) return before;
  before?.replaced.abort();
  place.replaceChildren();
  if (invocations.count === 0) {
    place.append(
      createEmptyState(
        "Nothing is kept yet. Route a photo under Try it; data capture writes it down a little later.",
      ),
    );
    return null;
  }
  const replaced = new AbortController();
  const line = fillView(place, invocations, before?.line.get(), AbortSignal.any([signal, replaced.signal]));
  return { count: invocations.count, replaced, line };
}

function fillView(place, invocations, dragged, signal) {
  const lowest = Math.floor(10 / invocations.classes.length) / 10;
  const inService = invocations.threshold?.value ?? null;
  let [first, last] = [0, invocations.count];
  let count = createThresholdCounter(invocations, first, last);

  const chart = create("div", { class: "chart-frame" });
  const period = create("p", { class: "muted", "aria-live": "polite" });
  const figures = create("div", { class: "figures" });
  const [drift, histogram, volumes, table] = [
    "Drift",
    "Histogram of confidences",
    "Volumes by hour and weekday",
    "Invocations",
  ].map((title) => createCard(title));
  const createButton = (label, onclick) => create("button", { type: "button", onclick }, label);
  const zoomTo = (seconds) =>
    points.echarts.dispatchAction({ type: "dataZoom", start: findStart(invocations, seconds), end: 100 });
  place.append(
    create(
      "section",
      { class: "card", "aria-labelledby": "points" },
      create(
        "div",
        { class: "row" },
        create("h2", { id: "points" }, "Confidence of each invocation"),
        create(
          "span",
          { class: "row end" },
          PERIODS.map(([name, seconds]) => createButton(name, () => zoomTo(seconds))),
          createButton("Download CSV", () => downloadCsv(invocations, first, last)),
          createButton("Download PNG", () => downloadPng(points, GRID, lowest, line.get())),
        ),
      ),
      period,
      figures,
      chart,
      create(
        "p",
        { class: "muted small" },
        `Times in ${getTimeZone()}. Zoom with the buttons, the slider below the chart, or Ctrl and the wheel; all figures on this page follow it.`,
      ),
    ),
    create("div", { class: "grid" }, histogram, volumes),
    drift,
    table,
  );

  const redraws = [
    addHistogram(histogram, invocations, lowest, signal),
    addVolumes(volumes, invocations, signal),
    addInvocationTable(table, invocations, signal),
    addDrift(drift, invocations),
  ];
  const showPeriod = () => {
    period.textContent = describePeriod(invocations, first, last);
    for (const redraw of redraws) redraw(first, last);
  };
  const onZoom = (from, to) => {
    [first, last] = [findLowerBound(invocations.time, from), findLowerBound(invocations.time, to + 1e-3)];
    count = createThresholdCounter(invocations, first, last);
    line.set(line.get());
    showPeriod();
  };
  const onMove = (threshold) => showFigures(figures, count(threshold), threshold, inService);
  const points = drawScatter(chart, invocations, lowest, waitForRest(onZoom), signal);
  showOnHover(chart, points.canvas, invocations, lowest, points.getRange, signal);
  const line = addThresholdLine(chart, GRID, lowest, dragged ?? inService ?? PROPOSED, onMove);
  showPeriod();
  return line;
}

function describePeriod({ count, time }, first, last) {
  const shown = formatQuantity(last - first, "invocation");
  const times =
    last > first
      ? `, ${formatShortTime(time[first])} to ${formatShortTime(time[last - 1])}`
      : " in this period";
  return shown + times + (last - first < count ? `, of ${formatCount(count)}` : "");
}

/** Finds where, in percent of the whole time, a period begins that ends with the newest invocation. */
function findStart({ count, time }, seconds) {
  const whole = time[count - 1] - time[0];
  return whole > seconds ? 100 * (1 - seconds / whole) : 0;
}

/** Delays the calls until the zoom rests: sorting and drawing for every frame of it would make it stutter. */
function waitForRest(act) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), REST_MILLISECONDS);
  };
}

/** Shows the counts; returns them in words, for the slider. */
function showFigures(place, { routed, refused, known, wrong }, threshold, inService) {
  const formatShare = (photos) => `${formatPercent(photos / (routed + refused))} of all`;
  place.replaceChildren(
    createFigure(
      "Threshold",
      formatThreshold(threshold),
      inService === null ? "none is published" : `in service: ${formatThreshold(inService)}`,
    ),
    createFigure("Routed", formatCount(routed), formatShare(routed)),
    createFigure("Refused", formatCount(refused), formatShare(refused)),
    createFigure(
      "Wrong",
      known ? formatCount(wrong) : "–",
      known
        ? `${formatPercent(wrong / known)} of ${formatCount(known)} routed with known truth`
        : "known of none of those routed",
    ),
  );
  return (
    `${formatThreshold(threshold)}: ${formatCount(routed)} routed, ${formatCount(refused)} refused, ` +
    (known
      ? `${formatCount(wrong)} of ${formatCount(known)} known ones wrong`
      : "none of the routed ones known")
  );
}

/** Adds the drift since the model was evaluated; returns a function that shows another period. */
function addDrift(place, { baseline, confidence }) {
  if (!baseline) {
    place.append(
      createEmptyState(
        "There is nothing to compare with: the model in service is not measured yet. Run python -m evaluation --split validation.",
      ),
    );
    return () => {};
  }
  const body = create("div", { class: "stack" });
  place.append(body);
  const photos = formatQuantity(baseline.confidences.length, `${baseline.split} photo`);
  return (first, last) => {
    const drift = computePopulationStability(baseline.confidences, confidence.subarray(first, last));
    if (drift === null) {
      const invocations = formatQuantity(last - first, "invocation");
      body.replaceChildren(
        createEmptyState(`Too few to compare: ${invocations} and ${photos}; 50 of each are needed.`),
      );
      return;
    }
    const index = create("strong", {}, `Population stability index ${drift.index.toFixed(3)}`);
    body.replaceChildren(
      create("p", {}, index, `: ${drift.reading}.`),
      create(
        "p",
        { class: "muted" },
        `Confidences of this period against those on ${photos}, in the deciles of the latter. Usual reading: below 0.1 no shift, 0.1 to 0.25 some, above 0.25 a major one. Chance alone makes up to ${drift.byChance.toFixed(3)} of it: that counts as no shift.`,
      ),
    );
  };
}
