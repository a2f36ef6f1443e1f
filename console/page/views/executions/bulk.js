/*
 * Runs again, or redrives, all executions that a filter found: looks for all of them, asks, and says how it
 * goes. It goes on while another view is looked at.
 */

import { html } from "/static/lit-html/lit-html.js";
import { fetchJson, request } from "../../api.js";
import { drawError } from "../../parts/answers.js";
import { formatCount, formatQuantity } from "../../parts/format.js";
import { groupByInput } from "./lines.js";

const AT_A_TIME = 4;
const SHOWN_FAILURES = 10;

/** Formats how many all are, where that is known. */
const formatAll = (number) => (number === 1 ? "1" : `all${number === null ? "" : ` ${formatCount(number)}`}`);

/*
 * What can be done with executions: to which, once for which of them, what it is called, what it does. A photo that a
 * batch decided about has none: the batch itself is run again.
 */
export const ACTS = {
  again: {
    takes: ({ outcome, batch }) => outcome !== "running" && !batch,
    group: groupByInput,
    name: (number) => (number === null ? "Run all again" : `Run ${formatQuantity(number, "photo")} again`),
    does: "Each starts a new execution on the same input. A photo keeps its better outcome; a review stays.",
    done: "Started again",
    refused: "could not be started again",
  },
  redrive: {
    takes: ({ outcome, batch }) => outcome === "failed" && !batch,
    group: (lines) => lines.map((line) => [line]),
    name: (number) => `Redrive ${formatAll(number)}`,
    does:
      "Each goes on from the step that failed, up to 14 days later. " +
      "Where the workflow itself ended in a failure only running again helps.",
    done: "Redriven",
    refused: "could not be redriven",
  },
};

let job = null;
let redraw = () => {};

/** Has `draw` called at each change of what is done, until the signal is aborted. */
export function followBulk(draw, signal) {
  redraw = draw;
  signal.addEventListener("abort", () => (redraw === draw ? (redraw = () => {}) : null));
}

/** Returns whether something is being done, so that nothing else may be begun. */
export const isBusy = () => job?.phase === "doing";

/** Looks for all that a query of /api/executions finds, then asks whether to do it. */
export async function offerBulk(act, query) {
  const counts = { lines: new Map(), groups: [], done: 0, failures: [] };
  const begun = { act, phase: "looking", ...counts, error: null, isStopped: false };
  job = begun;
  redraw();
  const { takes, group } = ACTS[act];
  try {
    let cursor = "";
    do {
      const page = await fetchJson(`/api/executions?${new URLSearchParams([...query, ["cursor", cursor]])}`);
      // It was given up meanwhile.
      if (job !== begun) return;
      for (const line of page.executions) if (takes(line)) begun.lines.set(line.id, line);
      cursor = page.cursor;
      redraw();
    } while (cursor);
    begun.groups = group([...begun.lines.values()]);
    begun.phase = "asking";
  } catch (error) {
    Object.assign(begun, { phase: "ended", error });
  }
  redraw();
}

async function start() {
  job.phase = "doing";
  job.since = formatMinute(new Date());
  window.addEventListener("beforeunload", warn);
  const left = job.groups.map(([line]) => line);
  const work = async () => {
    while (left.length && !job.isStopped) await act(left.shift());
  };
  redraw();
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  window.removeEventListener("beforeunload", warn);
  job.phase = "ended";
  redraw();
}

async function act(line) {
  try {
    await request(`/api/executions/${encodeURIComponent(line.id)}/${job.act}`, { method: "POST" });
    job.done += 1;
  } catch (error) {
    // Without the server all others would fail the same way.
    if (error.isPassing || error.status === 401) Object.assign(job, { error, isStopped: true });
    else job.failures.push([line, error.message]);
  }
  redraw();
}

/** Formats a local time as the list's address has it. */
const formatMinute = (time) =>
  new Date(time - time.getTimezoneOffset() * 60_000).toISOString().slice(0, "2026-01-01T00:00".length);

const warn = (event) => event.preventDefault();

function stop() {
  job.isStopped = true;
  redraw();
}

function close() {
  job = null;
  redraw();
}

/** Draws what is asked, done or was done; nothing otherwise. */
export function drawBulk() {
  if (job === null) return "";
  const all = job.groups.length;
  const { name, does } = ACTS[job.act];
  const drawButton = (words, click, kind = "") =>
    html`<button type="button" class=${kind} @click=${click}>${words}</button>`;
  const parts = {
    looking: () => [
      html`<p role="status">Looking for all of them: ${formatQuantity(job.lines.size, "execution")} so far…</p>`,
      drawButton("Cancel", close),
    ],
    asking: () =>
      all === 0
        ? [html`<p role="status">There is none that this can be done with.</p>`, drawButton("Close", close)]
        : [
            html`<p><strong>${name(all)}${describeRuns()}?</strong> ${does}</p>`,
            html`<div class="row">
              ${drawButton(name(all), start, "primary")} ${drawButton("Cancel", close)}
            </div>`,
          ],
    doing: () => [
      html`<p role="status">${formatCount(job.done + job.failures.length)} of ${formatCount(all)}</p>`,
      html`<progress aria-label="Progress" max=${all} .value=${job.done + job.failures.length}></progress>`,
      job.isStopped ? html`<p>Stopping…</p>` : drawButton("Stop", stop),
    ],
    ended: () => [drawEnd(all), drawFailures(job.failures), drawButton("Close", close)],
  };
  return html`<section class="card bulk" aria-label=${name(null)}>${parts[job.phase]()}</section>`;
}

/** Says how often those were run that are begun once each. */
function describeRuns() {
  const lines = [...job.lines.values()];
  if (lines.length === job.groups.length) return "";
  const [it, was] = job.groups.length === 1 ? ["it", "was"] : ["they", "were"];
  const ended = lines.every((line) => line.outcome === "failed") ? "failed" : `${was} run`;
  return ` (${it} ${ended} ${formatCount(lines.length)} times)`;
}

function drawEnd(all) {
  const rest = all - job.done - job.failures.length;
  return html`<p role="status">
      ${ACTS[job.act].done}: ${formatCount(job.done)} of ${formatCount(all)}.
      ${job.error?.isPassing ? "There was no answer any more." : ""}
      ${rest > 0 ? `Stopped: ${formatCount(rest)} were not asked for.` : ""}
      ${job.failures.length ? `${formatCount(job.failures.length)} ${ACTS[job.act].refused}:` : ""}
      ${job.act === "again" && job.done
        ? html`<a href="#/executions?${new URLSearchParams({ from: job.since })}">See the new executions</a>`
        : ""}
    </p>
    ${job.error && !job.error.isPassing ? drawError(job.error) : ""}`;
}

/** Draws each reason once, with those that failed for it. */
function drawFailures(failures) {
  const byReason = new Map();
  for (const [line, reason] of failures) byReason.set(reason, [...(byReason.get(reason) ?? []), line]);
  const drawReason = ([reason, lines]) => {
    const more = lines.length - SHOWN_FAILURES;
    const links = lines
      .slice(0, SHOWN_FAILURES)
      .map(({ id, name }, index) => [
        index ? ", " : "",
        html`<a href="#/executions/${encodeURIComponent(id)}">${name ?? id}</a>`,
      ]);
    return html`<li>${reason}: ${links}${more > 0 ? ` and ${formatCount(more)} more` : ""}</li>`;
  };
  return byReason.size ? html`<ul>${[...byReason].map(drawReason)}</ul>` : "";
}
