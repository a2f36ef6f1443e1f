/* The executions, newest first, filtered by outcome, class, confidence and time. */

import { json } from "../api.js";
import { classMark } from "../parts/class_mark.js";
import { element } from "../parts/element.js";
import { counted, duration, probability, time, zone } from "../parts/format.js";
import { emptyState, errorLine, showLoaded } from "../parts/loading.js";
import { OUTCOMES, outcomeMark } from "../parts/outcome.js";
import { photoImage } from "../parts/photo_image.js";

const FIELDS = ["outcome", "class", "min", "max", "from", "to"];

export function executionsView(content, { signal, parameters }) {
  const place = element("div", { class: "stack" });
  content.append(place);
  showLoaded(
    place,
    signal,
    () => json("/api/deployment", signal),
    (shown, deployment) => {
      const list = element("div", { class: "stack" });
      shown.append(
        filters(parameters, deployment.classes),
        element("section", { class: "card", "aria-label": "Executions" }, list),
      );
      showPage(list, query(parameters), deployment, signal);
    },
  );
}

function filters(parameters, classes) {
  const options = (names, any) => [
    element("option", { value: "" }, any),
    ...names.map((name) => element("option", { value: name, selected: false }, name)),
  ];
  const share = { type: "number", min: 0, max: 1, step: "any", inputmode: "decimal" };
  const field = (name, label, control) => element("label", {}, label, prefilled(control, name, parameters));
  return element(
    "form",
    { class: "filters card", "aria-label": "Filter", onsubmit: apply },
    field("outcome", "Outcome", element("select", {}, options(OUTCOMES, "Any"))),
    field("class", "Class", element("select", {}, options(classes, "Any"))),
    field("min", "Confidence from", element("input", { ...share, placeholder: "0" })),
    field("max", "to", element("input", { ...share, placeholder: "1" })),
    field("from", `Started from (${zone()})`, element("input", { type: "datetime-local" })),
    field("to", "until", element("input", { type: "datetime-local" })),
    element(
      "div",
      { class: "row" },
      element("button", { class: "primary" }, "Filter"),
      [...parameters].length ? element("a", { class: "button", href: "#/executions" }, "Clear") : null,
    ),
  );
}

function prefilled(control, name, parameters) {
  control.name = name;
  const wanted = parameters.get(name) ?? "";
  control.value = wanted === "today" ? localMidnight() : wanted;
  return control;
}

function localMidnight() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T00:00`;
}

function apply(event) {
  event.preventDefault();
  const chosen = [...new FormData(event.target)].filter(([, value]) => value !== "");
  window.location.hash = chosen.length ? `#/executions?${new URLSearchParams(chosen)}` : "#/executions";
}

/** The server's query: times of the form are local, the server's are Unix seconds. */
function query(parameters) {
  const wanted = new URLSearchParams();
  for (const name of FIELDS) {
    const value = parameters.get(name);
    if (!value) continue;
    const local = value === "today" ? localMidnight() : value;
    wanted.set(name, name === "from" || name === "to" ? new Date(local).getTime() / 1000 : value);
  }
  return wanted;
}

function showPage(list, wanted, deployment, signal) {
  showLoaded(
    list,
    signal,
    () => json(`/api/executions?${wanted}`, signal),
    (shown, page) => {
      if (page.executions.length === 0 && !page.cursor) {
        shown.append(
          emptyState(
            [...wanted].length
              ? "No execution fits these filters. Widen or clear them."
              : "No photo was routed yet. Drop one under Try it.",
          ),
        );
        return;
      }
      const body = element("tbody");
      const caption = element("caption", { "aria-live": "polite" });
      shown.append(element("table", { class: "cards" }, caption, head(), body));
      addPage(shown, body, caption, page, wanted, deployment, signal);
    },
  );
}

function head() {
  return element(
    "thead",
    {},
    element(
      "tr",
      {},
      ["Photo", "Outcome", "Class"].map((name) => element("th", { scope: "col" }, name)),
      element("th", { scope: "col", class: "number" }, "Confidence"),
      element("th", { scope: "col" }, "Started"),
      element("th", { scope: "col", class: "number" }, "Took"),
      element("th", { scope: "col" }, "File"),
    ),
  );
}

function addPage(shown, body, caption, page, wanted, deployment, signal) {
  body.append(...page.executions.map((execution) => row(execution, deployment, signal)));
  caption.textContent =
    `${counted(body.rows.length, "execution")}, newest first` +
    (page.looked_back_to ? `; looked back to ${time(page.looked_back_to)}` : "");
  if (!page.cursor) return;
  const more = element("button", { type: "button" }, "Look further back");
  const place = element("p", {}, more);
  shown.append(place);
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      const next = await json(
        `/api/executions?${new URLSearchParams([...wanted, ["cursor", page.cursor]])}`,
        signal,
      );
      place.remove();
      addPage(shown, body, caption, next, wanted, deployment, signal);
    } catch (error) {
      if (!signal.aborted)
        place.replaceChildren(
          errorLine(error, () => {
            place.replaceChildren(more);
            more.disabled = false;
            more.click();
          }),
        );
    }
  });
}

function row(execution, { classes, threshold }, signal) {
  const path = encodeURIComponent(execution.id);
  const file = execution.name ?? execution.id;
  return element(
    "tr",
    {},
    element(
      "td",
      {},
      execution.key ? photoImage(`/api/executions/${path}/photo`, "", "thumbnail", signal) : null,
    ),
    element("td", {}, outcomeMark(execution.outcome)),
    element("td", {}, execution.predicted_class ? classMark(classes, execution.predicted_class) : "–"),
    element("td", { class: "number" }, probability(execution.confidence, threshold?.value)),
    element("td", { class: "when" }, time(execution.started)),
    element("td", { class: "number took" }, duration(execution.milliseconds)),
    element(
      "td",
      { class: "file" },
      element(
        "a",
        { class: "truncated", href: `#/executions/${path}`, title: execution.key ?? execution.id },
        file,
      ),
    ),
  );
}
