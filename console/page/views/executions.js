/*
 * Lists photos and their executions, newest first, filtered by file name, outcome, class, confidence and time. The
 * server answers from the table of outcomes where a file name or an outcome is asked for, and otherwise from Step
 * Functions.
 */

import { fetchJson } from "../api.js";
import { createClassMark } from "../parts/class_mark.js";
import { create } from "../parts/element.js";
import {
  formatDuration,
  formatProbability,
  formatQuantity,
  formatTime,
  getTimeZone,
} from "../parts/format.js";
import { createEmptyState, createErrorLine, showAnswers } from "../parts/loading.js";
import { createOutcomeMark, createReviewer, OUTCOMES } from "../parts/outcome.js";
import { createPhotoImage } from "../parts/photo_image.js";

const FIELDS = ["file", "outcome", "class", "min", "max", "from", "to"];
// What each source has in its lines: its name, its noun, the order of its times, and the heading over these.
const SOURCES = {
  table: ["the table of outcomes: one line a photo", "photo", "newest decision first", "Decided"],
  executions: ["Step Functions' executions: one line an execution", "execution", "newest first", "Started"],
};

export function showExecutions(content, { signal, parameters }) {
  const place = create("div", { class: "stack" });
  content.append(place);
  const show = (shown, deployment) => {
    const list = create("div", { class: "stack" });
    shown.append(
      createFilters(parameters, deployment.classes),
      create("section", { class: "card", "aria-label": "Executions" }, list),
    );
    showFirstPage(list, createQuery(parameters), deployment, signal);
  };
  showAnswers(place, ["/api/deployment"], show, signal);
}

function createFilters(parameters, classes) {
  const createOptions = (names, any) => [
    create("option", { value: "" }, any),
    ...names.map((name) => create("option", { value: name }, name)),
  ];
  const share = { type: "number", min: 0, max: 1, step: "any", inputmode: "decimal" };
  const createField = (name, label, control) => {
    const wanted = parameters.get(name) ?? "";
    control.name = name;
    control.value = wanted === "today" ? formatLocalMidnight() : wanted;
    return create("label", {}, label, control);
  };
  return create(
    "form",
    { class: "filters card", "aria-label": "Filter", onsubmit: applyFilters },
    createField("file", "File name contains", create("input", { type: "search", maxlength: 400 })),
    createField("outcome", "Outcome", create("select", {}, createOptions(OUTCOMES, "Any"))),
    createField("class", "Class", create("select", {}, createOptions(classes, "Any"))),
    createField("min", "Confidence from", create("input", { ...share, placeholder: "0" })),
    createField("max", "to", create("input", { ...share, placeholder: "1" })),
    createField("from", `Time from (${getTimeZone()})`, create("input", { type: "datetime-local" })),
    createField("to", "until", create("input", { type: "datetime-local" })),
    create(
      "div",
      { class: "row" },
      create("button", { class: "primary" }, "Filter"),
      [...parameters].length ? create("a", { class: "button", href: "#/executions" }, "Clear") : null,
    ),
  );
}

function formatLocalMidnight() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T00:00`;
}

function applyFilters(event) {
  event.preventDefault();
  const chosen = [...new FormData(event.target)].filter(([, value]) => value !== "");
  window.location.hash = chosen.length ? `#/executions?${new URLSearchParams(chosen)}` : "#/executions";
}

/** Returns the server's query. Times in the address are local, the server's are Unix seconds. */
function createQuery(parameters) {
  const wanted = new URLSearchParams();
  for (const name of FIELDS) {
    const value = parameters.get(name);
    if (!value) continue;
    const local = value === "today" ? formatLocalMidnight() : value;
    wanted.set(name, name === "from" || name === "to" ? new Date(local).getTime() / 1000 : value);
  }
  return wanted;
}

function showFirstPage(list, wanted, deployment, signal) {
  const show = (shown, page) => {
    if (page.advice) shown.append(createEmptyState(page.advice));
    if (page.executions.length === 0 && !page.cursor) {
      const advice = wanted.size
        ? `Nothing fits these filters in ${SOURCES[page.source][0]}. Widen or clear them.`
        : "No photo was routed yet. Drop one under Try it.";
      shown.append(createEmptyState(advice));
      return;
    }
    const body = create("tbody");
    const caption = create("caption", { "aria-live": "polite" });
    shown.append(create("table", { class: "cards" }, caption, createHead(page.source), body));
    addPage(shown, body, caption, page, wanted, deployment, signal);
  };
  showAnswers(list, [`/api/executions?${wanted}`], show, signal);
}

function createHead(source) {
  const columns = ["Photo", "Outcome", "Class", "#Confidence", SOURCES[source].at(-1), "#Took", "File"];
  const headings = columns.map((name) =>
    create("th", { scope: "col", class: name.startsWith("#") ? "number" : null }, name.replace("#", "")),
  );
  return create("thead", {}, create("tr", {}, headings));
}

function addPage(shown, body, caption, page, wanted, deployment, signal) {
  const [place, noun, order] = SOURCES[page.source];
  body.append(...page.executions.map((execution) => createRow(execution, deployment, signal)));
  caption.textContent =
    `${formatQuantity(body.rows.length, noun)}, ${order}` +
    (page.looked_back_to ? `; looked back to ${formatTime(page.looked_back_to)}` : "") +
    `; from ${place}`;
  if (!page.cursor) return;
  const more = create("button", { type: "button" }, "Look further back");
  const end = create("p", {}, more);
  shown.append(end);
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      const query = new URLSearchParams([...wanted, ["cursor", page.cursor]]);
      const next = await fetchJson(`/api/executions?${query}`, signal);
      end.remove();
      addPage(shown, body, caption, next, wanted, deployment, signal);
    } catch (error) {
      if (signal.aborted) return;
      const retry = () => {
        end.replaceChildren(more);
        more.disabled = false;
        more.click();
      };
      end.replaceChildren(createErrorLine(error, retry));
    }
  });
}

function createRow(execution, { classes, threshold }, signal) {
  const { id, photo, key, name, outcome, label, reviewed_by: reviewer } = execution;
  const path = encodeURIComponent(id);
  // The table leads to the picture longer than the execution, which Step Functions forgets.
  const picture = photo ? `/api/outcomes/${encodeURIComponent(photo)}/picture` : `/api/executions/${path}/photo`;
  const judge = reviewer ? create("div", { class: "small muted" }, createReviewer(reviewer)) : null;
  const named = label ?? execution.predicted_class;
  const cells = [
    [null, key ? createPhotoImage(picture, "", "thumbnail", signal) : null],
    [null, [createOutcomeMark(outcome), judge]],
    [null, named ? createClassMark(classes, named) : "–"],
    ["number", formatProbability(execution.confidence)],
    ["when", formatTime(execution.decided ?? execution.started)],
    ["number", formatDuration(execution.milliseconds)],
    ["file", create("a", { class: "truncated", href: `#/executions/${path}`, title: key ?? id }, name ?? id)],
  ];
  return create(
    "tr",
    {},
    cells.map(([kind, content]) => create("td", { class: kind }, content)),
  );
}
