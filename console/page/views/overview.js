/* Is it well? The endpoint, the model, the threshold, and what became of today's photos. */

import { json } from "../api.js";
import { classMark } from "../parts/class_mark.js";
import { element } from "../parts/element.js";
import { count, counted, percent, probability, time } from "../parts/format.js";
import { emptyState, showLoaded } from "../parts/loading.js";
import { OUTCOMES, outcomeMark } from "../parts/outcome.js";

export function overviewView(content, { signal }) {
  const place = element("div", { class: "stack" });
  content.append(place);
  showLoaded(place, signal, () => json("/api/overview", signal), show);
}

function show(place, overview) {
  place.append(
    element(
      "p",
      { class: "lead" },
      `Deployment ${overview.name}, ${overview.region}, account ${overview.account}`,
    ),
    today(overview.today),
    element(
      "div",
      { class: "grid" },
      card("Endpoint", overview.endpoint, endpoint, overview.links?.endpoint),
      card("Model", overview.model, model),
      card(
        "Threshold",
        overview.threshold ?? { missing: "No threshold is published: deploy again with make deploy." },
        threshold,
      ),
      card("Routing", { classes: overview.classes }, routing, overview.links?.state_machine),
    ),
  );
}

function today(outcomes) {
  const figures = OUTCOMES.map((outcome) =>
    element(
      "a",
      { class: "figure", href: `#/executions?outcome=${outcome}&from=today` },
      element("strong", {}, count(outcomes[outcome] ?? 0)),
      outcomeMark(outcome),
    ),
  );
  return element(
    "section",
    { class: "card", "aria-labelledby": "today" },
    element("h2", { id: "today" }, "Photos today"),
    element("div", { class: "figures" }, figures),
    outcomes.unknown
      ? element(
          "p",
          { class: "muted small" },
          `${count(outcomes.unknown)} more did not succeed; whether they were refused or failed stands in their execution.`,
        )
      : null,
    outcomes.more
      ? element("p", { class: "muted small" }, "Only the newest 1,000 executions are counted.")
      : null,
  );
}

function card(title, subject, show, link) {
  return element(
    "section",
    { class: "card" },
    element(
      "div",
      { class: "row" },
      element("h2", {}, title),
      link
        ? element(
            "a",
            { class: "end small", href: link, target: "_blank", rel: "noopener noreferrer" },
            "Open in AWS's console",
          )
        : null,
    ),
    subject.missing ? emptyState(subject.missing) : show(subject),
  );
}

function endpoint(subject) {
  const inService = subject.status === "InService";
  return element(
    "dl",
    {},
    ...term(
      "Status",
      element("strong", { class: `outcome ${inService ? "routed" : "failed"}` }, subject.status),
    ),
    ...term("Name", subject.name),
    ...term("Model", subject.model),
    ...term("Instance", subject.instance_type ?? "serverless"),
    ...term("Updated", time(subject.updated)),
  );
}

function model(subject) {
  return element(
    "dl",
    {},
    ...term("Validation accuracy", subject.accuracy === null ? "not recorded" : percent(subject.accuracy)),
    ...term("Trained", time(subject.trained)),
    ...term(
      "Data set",
      subject.pictures ? `${subject.dataset} (${counted(subject.pictures, "picture")})` : subject.dataset,
    ),
    ...term("Training job", subject.training_job),
  );
}

function threshold(subject) {
  return element(
    "dl",
    {},
    ...term("A photo is routed from", element("strong", {}, probability(subject.value))),
    ...term("Where it comes from", subject.source ?? "the deployment's settings"),
    element("dd", {}, element("a", { href: "#/confidence" }, "See what another threshold would do")),
  );
}

function routing({ classes }) {
  return element(
    "div",
    { class: "stack" },
    element("p", {}, `${count(classes.length)} classes; a photo is routed by the most probable one.`),
    element(
      "div",
      { class: "row" },
      classes.slice(0, 12).map((name) => classMark(classes, name)),
    ),
    classes.length > 12 ? element("p", { class: "muted" }, `and ${count(classes.length - 12)} more`) : null,
    element("p", {}, element("a", { class: "button primary", href: "#/try" }, "Try a photo")),
  );
}

function term(name, value) {
  return [element("dt", {}, name), element("dd", {}, value ?? "–")];
}
