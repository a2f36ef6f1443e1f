/* Draws the invocations with what the user has chosen to see of them: chart, figures, and below them the details. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { fetchJson } from "../../api.js";
import { drawControls } from "./controls.js";
import { drawHistogram, drawVolumes } from "./distribution.js";
import { downloadCsv, downloadPng } from "./download.js";
import { drawDrift } from "./drift_card.js";
import { showFigures } from "./figures.js";
import { addInspector, drawFacts, drawWay } from "./inspect.js";
import {
  createThresholdCounter,
  filterInvocations,
  findLowerBound,
  getPhotoPath,
  getLevel,
  isWrong,
} from "./invocations.js";
import { createScatter } from "./scatter.js";
import { formatState, PERIODS, readState } from "./state.js";
import { drawInvocationTable, listPage } from "./table.js";
import { addThresholdLine } from "./threshold_line.js";
import { createZone } from "./zone.js";

const PROPOSED = 0.8;
const DAY = 86_400;
const REST_MILLISECONDS = 120;
/* A single invocation still needs a time axis: this much before it and after it. */
const SHORTEST_SECONDS = 1;
const AROUND_SECONDS = 30;
/* At the right stand the threshold's label and the marks. */
const [WIDE_GRID, NARROW_GRID] = [92, 58].map((right) => ({ left: 56, right, top: 40, bottom: 76 }));

/**
 * Draws the invocations in `place`, which nothing else writes to.
 *
 * @param {{parameters: URLSearchParams, setParameters: (parameters: *) => void, signal: AbortSignal}} context The
 *   view's, which the address belongs to.
 * @returns {{take: (invocations: object) => void, end: () => void}} take() brings newer ones: they are shown at once,
 *   or offered where the user has zoomed, has turned a page, or looks at one.
 */
export function createView(place, all, { parameters, setParameters, signal: leaving }) {
  const ending = new AbortController();
  const signal = AbortSignal.any([leaving, ending.signal]);
  const state = readState(parameters);
  const lowest = Math.floor(10 / all.classes.length) / 10;
  const grid = window.matchMedia("(max-width: 48rem)").matches ? NARROW_GRID : WIDE_GRID;
  const origins = new Map();
  let waiting = null;
  let page = 0;
  // Of all: those that are counted, of one class maybe, and those of them that are shown; and where the period lies.
  let [counted, shown] = [all, all];
  let [whole, from, to] = [null, 0, 0];
  let count = null;
  let zone = createZone(state.zone);

  const [figures, frame, controls, details, table] = Array.from({ length: 5 }, () => document.createElement("div"));
  const dialog = document.createElement("dialog");
  [figures.className, frame.className, controls.className] = ["figures tight", "chart-frame", "stack"];
  [details.className, dialog.className] = ["grid", "enlarged invocation"];
  render(
    html`
      <section class="card" aria-labelledby="points">
        <h2 class="unseen" id="points">Confidence of each invocation</h2>
        ${figures}${frame}${controls}
      </section>
      ${details}${table}${dialog}
    `,
    place,
  );

  const getInService = () => all.in_service.threshold;
  const getShown = () => ({ invocations: shown, from, to, whole, lowest, zone, changes: all.changes });
  const findBounds = ({ time }) => [findLowerBound(time, from), findLowerBound(time, to + 1e-3)];

  const filter = () => {
    const wanted = state.name === null ? -1 : all.classes.indexOf(state.name);
    const threshold = line?.get() ?? state.threshold ?? getInService() ?? PROPOSED;
    counted = wanted < 0 ? all : filterInvocations(all, (index) => all.predicted[index] === wanted);
    const admits = (index) =>
      (!state.wrong || isWrong(counted, index)) && (!state.refused || getLevel(counted, index) < threshold);
    shown = state.wrong || state.refused ? filterInvocations(counted, admits) : counted;
  };
  const setPeriod = () => {
    const { time } = all;
    const newest = time[all.count - 1];
    const around = newest - time[0] < SHORTEST_SECONDS ? AROUND_SECONDS : 0;
    whole = { from: time[0] - around, to: newest + around };
    const seconds = PERIODS.find(([name]) => name === state.period)?.[2];
    [from, to] = seconds ? [Math.max(whole.from, whole.to - seconds), whole.to] : [state.from, state.to];
    // What the address names may lie elsewhere than the invocations do.
    [from, to] = [Math.max(from, whole.from), Math.min(to, whole.to)];
    if (from >= to) [from, to] = [whole.from, whole.to];
  };

  const drawDetails = () => {
    const [first, last] = findBounds(shown);
    render(
      html`
        ${drawHistogram(shown, first, last, lowest)}
        ${whole.to - whole.from < DAY ? "" : drawVolumes(shown, first, last, zone)}
        ${drawDrift(all, ...findBounds(all))}
      `,
      details,
    );
  };
  const drawTable = () => {
    const acts = { turn, enlarge };
    const [first, last] = findBounds(shown);
    render(drawInvocationTable(shown, first, last, page, zone, origins, acts), table);
  };
  const showTable = async () => {
    drawTable();
    const ids = listPage(...findBounds(shown), page).map((index) => shown.id[index]);
    if (await findOrigins(ids)) drawTable();
  };
  const turn = (pages) => {
    page += pages;
    showTable();
  };
  /** Asks for the origins of invocations that are not known yet; returns whether there were such. */
  const findOrigins = async (ids) => {
    const unknown = ids.filter((id) => !origins.has(id));
    if (!unknown.length) return false;
    const query = unknown.map((id) => `number=${id}`).join("&");
    // Without an answer there are no links, and the next time it is asked again.
    const found = await fetchJson(`/api/invocations/origins?${query}`, signal).catch(() => ({}));
    for (const [id, origin] of Object.entries(found)) origins.set(Number(id), origin);
    return !signal.aborted;
  };
  const findOrigin = async (id) => {
    await findOrigins([id]);
    return origins.get(id) ?? { execution: null, name: null };
  };
  const enlarge = async (index) => {
    const id = shown.id[index];
    const draw = () => render(drawEnlarged(shown, index, zone, origins.get(id), () => dialog.close()), dialog);
    draw();
    dialog.showModal();
    if (await findOrigins([id])) draw();
  };

  const redrawControls = () => {
    setParameters(formatState(state));
    const numbers = { all, waiting, count: shown.count, bounds: findBounds(shown), from, to };
    render(drawControls(state, numbers, zone, acts), controls);
  };
  const countPeriod = () => {
    count = createThresholdCounter(counted, ...findBounds(counted));
    line?.set(line.get());
  };
  /** Draws all anew, as after another choice. */
  const redraw = () => {
    filter();
    setPeriod();
    page = 0;
    countPeriod();
    inspector.hide();
    points.redraw();
    drawDetails();
    showTable();
    redrawControls();
  };
  const rest = waitForRest(() => {
    if (signal.aborted) return;
    if (state.refused) redraw();
    else redrawControls();
  });
  const restFromZoom = waitForRest(() => {
    if (signal.aborted) return;
    page = 0;
    countPeriod();
    drawDetails();
    showTable();
    redrawControls();
  });
  const onMove = (threshold, isByHand) => {
    if (isByHand) {
      state.threshold = threshold;
      rest();
    }
    return showFigures(figures, count(threshold), threshold, getInService(), all.recommended, moveTo);
  };
  const moveTo = (threshold, isInService) => {
    line.set(threshold, true);
    if (isInService) state.threshold = null;
  };
  const onZoom = (newFrom, newTo) => {
    [from, to] = [newFrom, newTo];
    const isWhole = from <= whole.from && to >= whole.to;
    Object.assign(state, { period: isWhole ? "whole" : null, from, to });
    inspector.hide();
    restFromZoom();
  };

  const isHeld = () => state.period !== "whole" || page > 0 || inspector.isPinned() || dialog.open;
  const adopt = (newer) => {
    [all, waiting] = [newer, null];
    line.mark(listMarks(all));
    if (state.threshold === null && getInService() !== null) line.set(getInService());
    redraw();
  };
  const choose = (choice) => {
    Object.assign(state, choice);
    zone = createZone(state.zone);
    if (waiting && !isHeld()) adopt(waiting);
    else redraw();
  };
  const acts = {
    choose,
    showWaiting: () => adopt(waiting),
    downloadCsv: () => downloadCsv(shown, ...findBounds(shown)),
    downloadPng: () => downloadPng(points, grid, lowest, line.get()),
  };

  let line = null;
  filter();
  setPeriod();
  countPeriod();
  const points = createScatter(frame, grid, getShown, onZoom, signal);
  line = addThresholdLine(frame, grid, lowest, state.threshold ?? getInService() ?? PROPOSED, onMove);
  line.mark(listMarks(all));
  const inspector = addInspector(frame, points.canvas, getShown, findOrigin, enlarge, signal);
  drawDetails();
  showTable();
  redrawControls();

  return {
    take(newer) {
      if (newer.count !== all.count && isHeld()) {
        waiting = newer;
        redrawControls();
      } else {
        adopt(newer);
      }
    },
    end() {
      ending.abort();
      render(nothing, place);
    },
  };
}

const listMarks = ({ in_service: inService, recommended }) =>
  [
    ["in service", inService.threshold],
    ["recommended", recommended],
  ].filter(([, value]) => value !== null);

/** Delays the calls until the hand rests: sorting and drawing for every frame of it would make it stutter. */
function waitForRest(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, REST_MILLISECONDS);
  };
}

function drawEnlarged(invocations, index, zone, origin, close) {
  return html`
    <photo-image class="picture" path=${getPhotoPath(invocations, index)} alt="The photo"></photo-image>
    <div>${drawFacts(invocations, index, zone, origin)}</div>
    <div class="row">
      ${origin ? drawWay(origin) : ""}
      <button type="button" class="end" autofocus @click=${close}>Close</button>
    </div>
  `;
}
