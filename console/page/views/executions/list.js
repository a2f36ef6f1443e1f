/* Shows the list of one filter, keeps it fresh, and fetches older lines. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { fetchJson } from "../../api.js";
import { drawError, drawNotice, showAnswers } from "../../parts/answers.js";
import { formatCount, formatQuantity, formatTime } from "../../parts/format.js";
import { ACTS, drawBulk, followBulk, isBusy, offerBulk } from "./bulk.js";
import { groupByInput, Lines, ORDERS } from "./lines.js";
import { createQuery } from "./query.js";
import { drawLines } from "./table.js";

const REFRESH_SECONDS = 5;
const COUNT_MILLISECONDS = 60_000;
/* What each source has in its lines: its name, its noun, the order of its times, what it says of when and how long. */
const SOURCES = {
  table: [
    "the table of outcomes: one line a photo, or a run where the photo has no version",
    "outcome",
    "newest decision first",
    { time: "Decided", took: "Decided in" },
  ],
  executions: [
    "Step Functions' executions: one line an execution",
    "execution",
    "newest first",
    { time: "Started", took: "Took" },
  ],
};

/**
 * Shows the list.
 *
 * @param {URLSearchParams} parameters What the address says.
 * @param {{classes: string[]}} deployment
 * @param {{signal: AbortSignal, freshness: Freshness, keepOrder: (order: string) => void,
 *   keepPages: (pages: number) => void}} context
 * @returns {() => void} Leads the keyboard to the list.
 */
export function showList(place, parameters, { classes }, context) {
  const { signal } = context;
  const lines = new Lines(parameters.get("sort"));
  const query = [...parameters].filter(([name]) => name !== "sort");
  let total = null;
  let counted = -Infinity;
  let older = { isLoading: false, error: null };
  let pages = 1;

  const listPaths = () => {
    const names = lines.newest ? lines.listNamed() : [];
    const named = new URLSearchParams(names.map(({ id, photo }) => (photo ? ["photo", photo] : ["id", id])));
    const paths = [`/api/executions?${createQuery(parameters)}`];
    return named.size ? [...paths, `/api/executions?${named}`] : paths;
  };

  const draw = (page, named) => {
    if (page !== lines.newest) {
      const isFirst = lines.newest === null;
      lines.refresh(page, named?.executions ?? []);
      if (isFirst) goBackToOlder();
      if (lines.cursor && performance.now() - counted > COUNT_MILLISECONDS) countAll();
    }
    return [page.advice ? drawNotice(page.advice) : "", drawBulk(), drawCard()];
  };

  // What was shown when the user left this entry of the history; the scroll position waits for it.
  const goBackToOlder = async () => {
    const wanted = window.history.state?.pages ?? 1;
    while (pages < wanted && lines.cursor && !older.error && !signal.aborted) await loadOlder();
  };

  const countAll = async () => {
    counted = performance.now();
    try {
      const answer = await fetchJson(`/api/totals?${createQuery(parameters)}`, signal);
      total = answer.total === null ? null : answer;
      redraw();
    } catch {
      // The list can do without, and says itself what is away.
    }
  };

  const fetchOlder = async () => {
    let page;
    do {
      const wanted = new URLSearchParams([...createQuery(parameters), ["cursor", lines.cursor]]);
      page = await fetchJson(`/api/executions?${wanted}`, signal);
    } while (lines.addOlder(page) === 0 && page.executions.length && page.cursor);
    pages += 1;
    context.keepPages(pages);
    older = { isLoading: false, error: null };
    redraw();
  };
  const loadOlder = async () => {
    older = { isLoading: true, error: null };
    redraw();
    try {
      await fetchOlder();
    } catch (error) {
      if (signal.aborted) return;
      older = { isLoading: error.isPassing ?? false, error };
      if (error.isPassing) context.freshness.keep(fetchOlder, null, error);
      redraw();
    }
  };

  const showWaiting = () => {
    lines.showWaiting();
    redraw();
    focus();
  };

  const setOrder = (event) => {
    lines.order = event.target.value;
    context.keepOrder(lines.order);
    redraw();
  };

  const drawCard = () => {
    const [, , , headings] = SOURCES[lines.newest.source];
    return html`<section class="card" aria-label="Executions" tabindex="-1">
      <div class="row">
        <select class="orders" aria-label="Order" @change=${setOrder}>
          ${Object.entries(ORDERS).map(drawOrder)}
        </select>
        ${query.length ? Object.keys(ACTS).map(drawOffer) : ""}
        <a class="button end" href="#/new-execution">New execution</a>
      </div>
      <div class="new-lines" role="status">${lines.waiting.length ? drawWaiting() : ""}</div>
      ${lines.shown.length || lines.cursor
        ? drawLines(lines.shown, drawCaption(), { headings, classes, query: `${parameters}` })
        : drawEmpty()}
      ${drawOlder()}
    </section>`;
  };

  const drawOrder = ([name, [words]]) =>
    html`<option value=${name} .selected=${name === lines.order}>${words}</option>`;

  const drawWaiting = () =>
    html`<button type="button" class="primary" @click=${showWaiting}>
      ${formatCount(lines.waiting.length)}${lines.isCut ? " or more" : ""} new: show
    </button>`;

  const drawOffer = (act) => {
    const { takes, group, name } = ACTS[act];
    const taken = lines.shown.filter(takes);
    if (!taken.length) return "";
    // What is not shown yet may be of a photo that is.
    const number = lines.cursor === null ? group(taken).length : null;
    const offer = async () => {
      await offerBulk(act, createQuery(parameters));
      place.querySelector(".bulk button")?.focus();
    };
    return html`<button
      type="button"
      ?disabled=${isBusy()}
      title=${isBusy() ? "What was begun above goes on" : nothing}
      @click=${offer}
    >
      ${name(number)}
    </button>`;
  };

  const drawCaption = () => {
    const [place, noun, order] = SOURCES[lines.newest.source];
    const number = lines.shown.length;
    const isAll = lines.cursor === null;
    const more = total?.more ? "more than " : "";
    const of = total && !isAll ? `${formatCount(number)} of ${more}` : "";
    const all = of ? Math.max(total.total, number) : number;
    const back = !isAll && lines.lookedBackTo ? `, back to ${formatTime(lines.lookedBackTo)}` : "";
    const sorted = ORDERS[lines.order][0].toLowerCase();
    const put = lines.order === "newest" ? order : `${sorted}${isAll ? "" : " of these"}`;
    return `${isAll ? "" : "Newest "}${of}${formatQuantity(all, noun)}${back}, ${put}; from ${place}`;
  };

  const drawEmpty = () =>
    query.length
      ? drawNotice(html`No executions match. <a href="#/executions">Clear the filters.</a>`)
      : drawNotice(html`No photo was routed yet. <a href="#/try">Try one.</a>`);

  const drawOlder = () => {
    if (older.error && !older.isLoading) return drawError(older.error, loadOlder);
    if (lines.cursor === null) return "";
    return html`<p>
      <button type="button" ?disabled=${older.isLoading} @click=${loadOlder}>
        ${older.isLoading ? "Loading…" : "Load older"}
      </button>
    </p>`;
  };

  const focus = () => {
    const card = place.querySelector("section[aria-label=Executions]") ?? place;
    card.focus({ preventScroll: true });
    if (card.getBoundingClientRect().top < 0) card.scrollIntoView();
  };

  const { redraw } = showAnswers(place, listPaths, draw, context, REFRESH_SECONDS);
  followBulk(redraw, signal);
  return focus;
}
