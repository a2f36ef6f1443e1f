/* Sends photos, one or a thousand, and follows them in one screen: sums on top, and a row for each. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { repeat } from "/static/lit-html/directives/repeat.js";
import { fetchJson } from "../api.js";
import { showAnswers } from "../parts/answers.js";
import { saveFile } from "../parts/csv.js";
import { formatCount, formatQuantity } from "../parts/format.js";
import { Batch, ENDED, GOING_ON } from "./try_it/batch.js";
import { DropZone } from "./try_it/drop_zone.js";
import { drawPhoto } from "./try_it/photo_row.js";
import { countDone, countStates, describeProgress, formatResults } from "./try_it/results.js";

/* More rows would make the page slow to draw and long to scroll; a filter finds those that matter. */
const SHOWN = 50;
/* A thousand photos change faster than anybody reads, and what is drawn takes time from them. */
const DRAWING_MILLISECONDS = 100;
const SAYING_MILLISECONDS = 10_000;
const NAMED_OTHERS = 5;
const STARTING = "The first photos take longer: functions and endpoint are starting.";

/* It outlives the view: photos are sent while the user looks at another one, and are there again at the return. */
const batch = new Batch();
const choice = { filter: null, shown: SHOWN };
/* The deployment as it was seen last: at the return everything stands at once where it was. */
let known = null;

export function showTryIt(content, context) {
  const { signal } = context;
  const [zonePlace, listPlace, cameraPlace] = Array.from({ length: 3 }, () => document.createElement("div"));
  listPlace.className = "stack";
  content.append(zonePlace, listPlace, cameraPlace);
  let waiting = null;
  let drawn = 0;
  const draw = () => {
    waiting = null;
    drawn = performance.now();
    if (known) render(dropZone.draw(known), zonePlace);
    tellAway();
    const { classes = [], threshold = null } = known ?? {};
    const drawing = { batch, classes, threshold: threshold?.value ?? null, redraw };
    render(batch.photos.length || batch.others.length ? drawBatch(drawing) : nothing, listPlace);
  };
  const redraw = () => {
    if (!signal.aborted) waiting ??= setTimeout(draw, drawn + DRAWING_MILLISECONDS - performance.now());
  };
  /* The view says it once, whoever found out: what waits here, or what else the view shows. */
  let isTold = false;
  const tellAway = () => {
    if (!batch.away || isTold) return;
    isTold = true;
    const ask = async () => {
      if (batch.away) throw batch.away;
      isTold = false;
    };
    context.freshness.keep(ask, null, batch.away);
  };
  const dropZone = new DropZone(batch, cameraPlace, redraw, context);
  const take = (deployment) => {
    known = deployment;
    redraw();
    return dropZone.draw(known);
  };
  if (known) fetchJson("/api/deployment", signal).then(take, () => {});
  else showAnswers(zonePlace, ["/api/deployment"], take, context);
  batch.onchange = redraw;
  draw();
}

function drawBatch(drawing) {
  const counts = countStates(batch.photos);
  const total = batch.photos.length;
  const isOnItsWay = GOING_ON.some((state) => counts[state]);
  const progress = describeProgress(counts, total);
  return html`<section class="card batch" aria-label="Your photos">
    <div class="row">
      <h2>${progress}</h2>
      <span class="end row">${drawActions(counts, isOnItsWay, drawing.redraw)}</span>
    </div>
    <p class="unseen" role="status">${speakNowAndThen(progress, isOnItsWay)}</p>
    ${batch.isStarting ? html`<p role="status">${STARTING}</p>` : nothing}
    ${total > 1 ? drawBar(counts, total) : nothing}
    ${batch.others.length ? html`<p>${describeOthers(batch.others)}</p>` : nothing}
    ${batch.known
      ? html`<p>${formatQuantity(batch.known, "photo")} of before the reload: not sent a second time.</p>`
      : nothing}
    ${batch.unread
      ? html`<p>${formatQuantity(batch.unread, "file")} of the folder could not be read.</p>`
      : nothing}
    ${drawList(counts, total, drawing)}
  </section>`;
}

function describeOthers(others) {
  const more = others.length - NAMED_OTHERS;
  const named = more > 0 ? [...others.slice(0, NAMED_OTHERS), `${formatCount(more)} more`] : others;
  const words = others.length === 1 ? "1 file was no image" : `${formatCount(others.length)} files were no images`;
  return `${words}: ${new Intl.ListFormat("en").format(named)}.`;
}

function drawActions(counts, isOnItsWay, redraw) {
  const unsent = batch.photos.filter(batch.canSendAgain);
  const act = (words, onclick) => html`<button type="button" @click=${onclick}>${words}</button>`;
  const forget = () => {
    Object.assign(choice, { filter: null, shown: SHOWN });
    batch.clear();
    redraw();
  };
  return html`${counts.queued ? act("Stop", () => batch.stop()) : nothing}
  ${unsent.length ? act(`Send ${formatCount(unsent.length)}`, () => batch.sendAgain(unsent)) : nothing}
  ${act("Download CSV", downloadResults)} ${isOnItsWay ? nothing : act("Clear the list", forget)}`;
}

function downloadResults() {
  saveFile(new Blob(formatResults(batch.photos, batch.others), { type: "text/csv" }), "photos.csv");
}

function drawBar(counts, total) {
  return html`<div
    class="progress"
    role="progressbar"
    aria-label="Progress"
    aria-valuenow=${countDone(counts)}
    aria-valuemax=${total}
    aria-valuetext=${describeProgress(counts, total)}
  >
    ${ENDED.map(
      (state) =>
        html`<span
          class=${state.replace(" ", "-")}
          .style=${`width: ${((counts[state] ?? 0) / total) * 100}%`}
        ></span>`,
    )}
  </div>`;
}

function drawList(counts, total, drawing) {
  const ordered = batch.getOrdered();
  const matches = { null: () => true, "on their way": ({ state }) => GOING_ON.includes(state) };
  const isWanted = matches[choice.filter] ?? (({ state }) => state === choice.filter);
  const wanted = ordered.filter(isWanted);
  const firstQueued = ordered.length - (counts.queued ?? 0);
  const places = new Map(ordered.slice(firstQueued).map((photo, place) => [photo, place]));
  const more = wanted.length - choice.shown;
  const showMore = () => {
    choice.shown += SHOWN;
    drawing.redraw();
  };
  return html`${total > 3 ? drawFilters(counts, total, drawing.redraw) : nothing}
    <div>
      ${repeat(
        wanted.slice(0, choice.shown),
        (photo) => photo,
        (photo) => drawPhoto(photo, places.get(photo) ?? 0, drawing),
      )}
    </div>
    ${more > 0
      ? html`<p class="row">
          <button type="button" @click=${showMore}>Show ${formatCount(Math.min(more, SHOWN))} more</button>
          <span class="muted">${formatCount(more)} are not shown.</span>
        </p>`
      : nothing}`;
}

function drawFilters(counts, total, redraw) {
  const going = GOING_ON.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const offered = [[null, total], ["on their way", going], ...ENDED.map((state) => [state, counts[state]])];
  const choose = (filter) => {
    Object.assign(choice, { filter, shown: SHOWN });
    redraw();
  };
  return html`<div class="row filters" role="group" aria-label="Show">
    ${offered
      .filter(([filter, count]) => count || filter === choice.filter)
      .map(
        ([filter, count = 0]) =>
          html`<button type="button" aria-pressed=${filter === choice.filter} @click=${() => choose(filter)}>
            ${filter ? filter[0].toUpperCase() + filter.slice(1) : "All"} ${formatCount(count)}
          </button>`,
      )}
  </div>`;
}

let spoken = "";
let spokenAt = 0;

/** Returns what a screen reader is to say: a sentence now and then, since each change of a thousand is too much. */
function speakNowAndThen(sentence, isOnItsWay) {
  if (!isOnItsWay || Date.now() - spokenAt > SAYING_MILLISECONDS) {
    spoken = sentence;
    spokenAt = Date.now();
  }
  return spoken;
}
