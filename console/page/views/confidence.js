/* Shows the confidence over time, each invocation of the endpoint as a point, and what a threshold does with them. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { ApiError, fetchJson, request } from "../api.js";
import { drawError, drawNotice, showAnswers } from "../parts/answers.js";
import { loadCharts } from "../parts/chart.js";
import { formatCount, formatQuantity } from "../parts/format.js";
import { drawDriftReports } from "./confidence/drift_reports.js";
import { addInvocations, readInvocations } from "./confidence/invocations.js";
import { createView } from "./confidence/view.js";

const REFRESH_SECONDS = 10;
const PATIENCE_MILLISECONDS = 2000;
const SOURCES = { captured: "from its data capture", executed: "from the executions" };

export function showConfidence(place, context) {
  const { signal, freshness } = context;
  const [lead, status, content, reports] = ["p", "div", "div", "div"].map((tag) => document.createElement(tag));
  [lead.className, content.className, reports.className] = ["lead whole-width", "stack", "stack"];
  place.append(lead, status, content, reports);
  const say = (line) => render(html`<p class="loading" role="status">${line}</p>`, status);
  let known = null;
  let view = null;
  let isRead = false;

  /** Fetches what the server has read that is not known yet, and shows it. */
  const take = async ({ source, in_service: inService, invocations: count }) => {
    const isSame = known?.source === source;
    if (isSame && known.count === count && isEqual(known.in_service, inService)) return;
    const query = isSame ? `?known=${known.count}&generation=${known.generation}` : "";
    const response = await request(`/api/invocations/${source}/columns${query}`, { signal });
    const answer = { ...readInvocations(await response.arrayBuffer()), source };
    await loadCharts();
    if (signal.aborted) return;
    const isAnother = !isSame || known.generation !== answer.generation;
    known = addInvocations(isAnother ? null : known, answer);
    if (view && isAnother) {
      view.end();
      view = null;
    }
    if (known.count === 0) return;
    if (view) view.take(known);
    else view = createView(content, known, context);
  };

  /** Has the server read what is new; draws once when something is read, and again at the end. */
  const load = async () => {
    let progress = await (await request("/api/invocations", { method: "POST", signal })).json();
    for (;;) {
      if (progress.done || (!view && progress.invocations > 0)) await take(progress);
      if (signal.aborted) return;
      // A later reading leaves the chart where it is.
      if (progress.done || !isRead) {
        render(drawProgress(progress), status);
        render(drawLead(progress), lead);
      }
      isRead ||= progress.done;
      if (progress.done) break;
      progress = { ...progress, ...(await fetchJson(`/api/invocations/${progress.source}/progress`, signal)) };
    }
    if (progress.error) throw new ApiError(progress.error);
  };

  const begin = async () => {
    // What goes wrong with it is said where the charts are needed.
    loadCharts().catch(() => {});
    place.setAttribute("aria-busy", "true");
    say("Loading…");
    const late = setTimeout(() => say("Still waiting for the cloud to answer…"), PATIENCE_MILLISECONDS);
    signal.addEventListener("abort", () => clearTimeout(late));
    try {
      await load();
      if (!signal.aborted) freshness.keep(load, REFRESH_SECONDS);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) console.error(error);
      render(error.isPassing ? nothing : drawError(error, begin), status);
      if (error.isPassing) freshness.keep(load, REFRESH_SECONDS, error);
    } finally {
      clearTimeout(late);
      place.removeAttribute("aria-busy");
    }
  };
  begin();
  // One comes a day.
  showAnswers(reports, ["/api/drift"], drawDriftReports, context);
}

const isEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function drawLead({ source, unit, read: units, of, more, invocations, done, bad_lines: bad, measurements }) {
  if (!done) {
    const read = `${of ? `${formatCount(units)} of ` : ""}${formatQuantity(of || units, unit)}`;
    return `${read} read, ${formatQuantity(invocations, "invocation")}`;
  }
  const left = `${formatQuantity(measurements, "evaluation request")} ${measurements === 1 ? "is" : "are"} left out.`;
  return html`
    Every answer of the endpoint, ${SOURCES[source]}. ${measurements ? left : ""}
    ${more ? `Only the newest ${formatQuantity(units, unit)} were read.` : ""}
    ${bad ? `${formatQuantity(bad, "captured line")} could not be read.` : ""} Drag the threshold, or move it with the
    arrow keys.
  `;
}

function drawProgress({ read: units, of, invocations, done, missing }) {
  if (missing) return drawNotice(missing);
  if (!done) return html`<progress aria-label="Data read" max="1" .value=${of ? units / of : 0}></progress>`;
  return invocations ? "" : drawNotice("Nothing is kept yet. Route a photo under Try it; it is here a little later.");
}
