/* Confidence over time: each captured invocation a point, and what a threshold does with them. */

import { ApiError, events, request } from "../api.js";
import { downloadCsv, downloadPng } from "./confidence/download.js";
import { histogram, volumes } from "./confidence/distribution.js";
import { populationStability } from "./confidence/drift.js";
import { showOnHover } from "./confidence/hover.js";
import { lowerBound, readInvocations, thresholdCounter } from "./confidence/invocations.js";
import { GRID, scatter } from "./confidence/scatter.js";
import { invocationTable } from "./confidence/table.js";
import { thresholdLine } from "./confidence/threshold_line.js";
import { element } from "../parts/element.js";
import { count, counted, percent, probability, shortTime, zone } from "../parts/format.js";
import { emptyState, errorLine } from "../parts/loading.js";

const PROPOSED = 0.8;
const PERIODS = [
  ["Last day", 86_400],
  ["Last week", 604_800],
  ["Whole time", Infinity],
];

export function confidenceView(content, { signal }) {
  const progress = element("div", { role: "status" });
  const place = element("div", { class: "stack" });
  content.append(
    element(
      "div",
      {},
      element(
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

/** Lets the server read what was captured: a first view once something is read, the whole at the end. */
async function read(progress, place, signal) {
  let drawn = null;
  place.setAttribute("aria-busy", "true");
  try {
    for await (const state of events("/api/invocations/events", signal)) {
      showProgress(progress, state);
      if (state.missing) {
        place.replaceChildren(emptyState(state.missing));
        return;
      }
      if (state.done || (drawn === null && state.invocations > 0)) drawn = await draw(place, drawn, signal);
      if (state.error) throw new ApiError(state.error);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) console.error(error);
    progress.replaceChildren(errorLine(error, () => read(progress, place, signal)));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function showProgress(place, { unit, read: units, of, more, invocations, done, bad_lines: bad, measurements }) {
  if (done) {
    const notes = [
      more ? `Only the newest ${counted(units, unit)} were read.` : "",
      bad ? `${counted(bad, "captured line")} could not be read.` : "",
      measurements ? `${counted(measurements, "answer")} that only measured the model left out.` : "",
    ].filter(Boolean);
    place.replaceChildren(...notes.map((note) => element("p", { class: "muted small" }, note)));
    return;
  }
  place.replaceChildren(
    element("progress", { "aria-label": "Data read", max: 1, ...(of ? { value: units / of } : {}) }),
    element(
      "p",
      { class: "muted" },
      `${of ? `${count(units)} of ` : ""}${counted(of || units, unit)} read, ${counted(invocations, "invocation")}`,
    ),
  );
}

/** Draws what the server has read; the threshold stays where it was dragged to. */
async function draw(place, before, signal) {
  const invocations = readInvocations(await (await request("/api/invocations", { signal })).arrayBuffer());
  if (before?.count === invocations.count) return before;
  before?.replaced.abort();
  place.replaceChildren();
  if (invocations.count === 0) {
    place.append(
      emptyState(
        "Nothing is kept yet. Route a photo under Try it; data capture writes it down a little later.",
      ),
    );
    return null;
  }
  const replaced = new AbortController();
  const line = show(place, invocations, before?.line.value(), AbortSignal.any([signal, replaced.signal]));
  return { count: invocations.count, replaced, line };
}

function show(place, invocations, dragged, signal) {
  const lowest = Math.floor(10 / invocations.classes.length) / 10;
  const inService = invocations.threshold?.value ?? null;
  let [first, last] = [0, invocations.count];
  let counter = thresholdCounter(invocations, first, last);

  const chart = element("div", { class: "chart-frame" });
  const period = element("p", { class: "muted", "aria-live": "polite" });
  const figures = element("div", { class: "figures" });
  const drift = element("div", { class: "stack" });
  const [bars, heat, table] = [
    element("div", { class: "stack" }),
    element("div", { class: "stack" }),
    element("div", { class: "stack" }),
  ];
  const periods = PERIODS.map(([name, seconds]) =>
    element(
      "button",
      {
        type: "button",
        onclick: () =>
          points.echarts.dispatchAction({ type: "dataZoom", start: startOf(invocations, seconds), end: 100 }),
      },
      name,
    ),
  );
  place.append(
    element(
      "section",
      { class: "card", "aria-labelledby": "points" },
      element(
        "div",
        { class: "row" },
        element("h2", { id: "points" }, "Confidence of each invocation"),
        element(
          "span",
          { class: "row end" },
          periods,
          element(
            "button",
            { type: "button", onclick: () => downloadCsv(invocations, first, last) },
            "Download CSV",
          ),
          element(
            "button",
            { type: "button", onclick: () => downloadPng(points, GRID, lowest, line.value()) },
            "Download PNG",
          ),
        ),
      ),
      period,
      figures,
      chart,
      element(
        "p",
        { class: "muted small" },
        `Times in ${zone()}. Zoom with the buttons, the slider below the chart, or Ctrl and the wheel; all figures on this page follow it.`,
      ),
    ),
    element(
      "div",
      { class: "grid" },
      section("Histogram of confidences", bars),
      section("Volumes by hour and weekday", heat),
    ),
    section("Drift", drift),
    section("Invocations", table),
  );

  const moved = (threshold) => showFigures(figures, counter(threshold), threshold, inService);
  const redraws = [
    histogram(bars, invocations, lowest, signal),
    volumes(heat, invocations, signal),
    invocationTable(table, invocations, signal),
  ];
  const showPeriod = () => {
    period.textContent =
      `${counted(last - first, "invocation")}` +
      (last > first
        ? `, ${shortTime(invocations.time[first])} to ${shortTime(invocations.time[last - 1])}`
        : " in this period") +
      (last - first < invocations.count ? `, of ${count(invocations.count)}` : "");
    for (const redraw of redraws) redraw(first, last);
    showDrift(drift, invocations, first, last);
  };
  const zoomed = (from, to) => {
    [first, last] = [lowerBound(invocations.time, from), lowerBound(invocations.time, to + 1e-3)];
    counter = thresholdCounter(invocations, first, last);
    line.set(line.value());
    showPeriod();
  };
  const points = scatter(chart, invocations, lowest, settled(zoomed), signal);
  showOnHover(chart, points.canvas, invocations, lowest, points.range, signal);
  const line = thresholdLine(chart, GRID, lowest, dragged ?? inService ?? PROPOSED, moved);
  showPeriod();
  return line;
}

/** Where, in percent of the whole time, a period begins that ends with the newest invocation. */
function startOf({ count: all, time }, seconds) {
  const whole = time[all - 1] - time[0];
  return whole > seconds ? 100 * (1 - seconds / whole) : 0;
}

/** Waits until the zoom rests: sorting and drawing for every frame of it would make it stutter. */
function settled(act) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), 120);
  };
}

function section(title, body) {
  return element("section", { class: "card", "aria-label": title }, element("h2", {}, title), body);
}

/** Shows the counts; returns them in words, for the slider. */
function showFigures(place, { routed, refused, known, wrong }, threshold, inService) {
  const total = routed + refused;
  const figure = (name, value, note) =>
    element(
      "div",
      { class: "figure" },
      element("span", {}, name),
      element("strong", {}, value),
      element("span", { class: "small" }, note),
    );
  place.replaceChildren(
    figure(
      "Threshold",
      probability(threshold),
      inService === null ? "none is published" : `in service: ${probability(inService)}`,
    ),
    figure("Routed", count(routed), `${percent(routed / total)} of all`),
    figure("Refused", count(refused), `${percent(refused / total)} of all`),
    figure(
      "Wrong",
      known ? count(wrong) : "–",
      known
        ? `${percent(wrong / known)} of ${count(known)} routed with known truth`
        : "known of none of those routed",
    ),
  );
  return (
    `${probability(threshold)}: ${count(routed)} routed, ${count(refused)} refused, ` +
    (known ? `${count(wrong)} of ${count(known)} known ones wrong` : "none of the routed ones known")
  );
}

function showDrift(place, { baseline, confidence }, first, last) {
  if (!baseline) {
    place.replaceChildren(
      emptyState("There is nothing to compare with: the model in service is not measured yet. Run python -m evaluation --split validation."),
    );
    return;
  }
  const photos = counted(baseline.confidences.length, `${baseline.split} photo`);
  const drift = populationStability(baseline.confidences, confidence.subarray(first, last));
  place.replaceChildren(
    ...(drift === null
      ? [
          emptyState(
            `Too few to compare: ${counted(last - first, "invocation")} and ${photos}; 50 of each are needed.`,
          ),
        ]
      : [
          element(
            "p",
            {},
            element("strong", {}, `Population stability index ${probability(drift.index)}`),
            `: ${drift.reading}.`,
          ),
          element(
            "p",
            { class: "muted" },
            `Confidences of this period against those on ${photos}, in the deciles of the latter. Usual reading: below 0.1 no shift, 0.1 to 0.25 some, above 0.25 a major one. Chance alone makes up to ${probability(drift.byChance)} of it: that counts as no shift.`,
          ),
        ]),
  );
}
