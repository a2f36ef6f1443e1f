/* Shows whether all is well: the endpoint, the model, the threshold, and what became of today's photos. */

import { createCard, createConsoleLink } from "../parts/card.js";
import { createClassMark } from "../parts/class_mark.js";
import { create } from "../parts/element.js";
import { formatCount, formatPercent, formatQuantity, formatThreshold, formatTime } from "../parts/format.js";
import { createEmptyState, createErrorLine, showAnswers } from "../parts/loading.js";
import { createOutcomeMark, OUTCOMES } from "../parts/outcome.js";

const SHOWN_CLASSES = 12;

export function showOverview(content, { signal }) {
  const place = create("div", { class: "stack" });
  content.append(place);
  showAnswers(place, ["/api/overview"], fillOverview, signal);
}

function fillOverview(place, overview) {
  const { links, name, region, account } = overview;
  const threshold = overview.threshold ?? {
    missing: "No threshold is published: deploy again with make deploy.",
  };
  place.append(
    create("p", { class: "lead" }, `Deployment ${name}, ${region}, account ${account}`),
    createTodayCard(overview.today),
    create(
      "div",
      { class: "grid" },
      createSubjectCard("Endpoint", overview.endpoint, describeEndpoint, links?.endpoint),
      createSubjectCard("Model", overview.model, describeModel),
      createSubjectCard("Threshold", threshold, describeThreshold),
      createSubjectCard("Routing", overview, describeRouting, links?.state_machine),
    ),
  );
}

function createTodayCard(today) {
  if (today.fault) {
    const retry = () => window.dispatchEvent(new Event("hashchange"));
    return createCard("Photos today", createErrorLine({ message: today.fault }, retry));
  }
  const figures = OUTCOMES.filter((outcome) => today[outcome] !== undefined).map((outcome) => {
    const isRunning = outcome === "running";
    const wanted = new URLSearchParams(isRunning ? { outcome } : { outcome, from: "today" });
    const count = formatCount(today[outcome]) + (isRunning && today.more_running ? "+" : "");
    return create(
      "a",
      { class: "figure", href: `#/executions?${wanted}` },
      create("strong", {}, count),
      createOutcomeMark(outcome),
    );
  });
  return createCard(
    "Photos today",
    create("div", { class: "figures" }, figures),
    today.waiting === undefined ? null : createWaitingLine(today.waiting),
    ...describeCounts(today).map((note) => create("p", { class: "muted small" }, note)),
  );
}

function createWaitingLine(waiting) {
  const link = create("a", { href: "#/review" }, "Waiting for review");
  return create("p", {}, link, `: ${formatCount(waiting)}, today's and older ones`);
}

/** Returns in sentences what the figures were read from, and what they leave out. */
function describeCounts(today) {
  if (today.source === "table") {
    return [
      "From the table of outcomes: each photo counts once, by what was decided of it last. " +
        "One that was refused today and judged since counts as routed by review or as discarded. " +
        "How many are running comes from Step Functions.",
    ];
  }
  return [
    today.advice,
    "From Step Functions' executions: a photo counts as often as it was sent.",
    today.unknown
      ? `${formatCount(today.unknown)} more did not succeed; whether they were refused or failed stands in their execution.`
      : null,
    today.more ? "Only the newest 1,000 executions are counted." : null,
  ].filter(Boolean);
}

/** Returns a card with what `describe` makes of the subject, or with what to do if the subject is missing. */
function createSubjectCard(title, subject, describe, link) {
  return create(
    "section",
    { class: "card" },
    create(
      "div",
      { class: "row" },
      create("h2", {}, title),
      link ? create("span", { class: "end small" }, createConsoleLink(link)) : null,
    ),
    subject.missing ? createEmptyState(subject.missing) : describe(subject),
  );
}

function describeEndpoint(endpoint) {
  const outcome = endpoint.status === "InService" ? "routed" : "failed";
  return createTerms([
    ["Status", create("strong", { class: `outcome ${outcome}` }, endpoint.status)],
    ["Name", endpoint.name],
    ["Model", endpoint.model],
    ["Instance", endpoint.instance_type ?? "serverless"],
    ["Updated", formatTime(endpoint.updated)],
  ]);
}

function describeModel({ accuracy, dataset, pictures, trained, training_job: job }) {
  return createTerms([
    ["Validation accuracy", accuracy === null ? "not recorded" : formatPercent(accuracy)],
    ["Trained", formatTime(trained)],
    ["Data set", pictures ? `${dataset} (${formatQuantity(pictures, "picture")})` : dataset],
    ["Training job", job],
  ]);
}

function describeThreshold({ value, source }) {
  const terms = createTerms([
    ["A photo is routed from", create("strong", {}, formatThreshold(value))],
    ["Where it comes from", source ?? "the deployment's settings"],
  ]);
  terms.append(
    create("dd", {}, create("a", { href: "#/confidence" }, "See what another threshold would do")),
  );
  return terms;
}

function describeRouting({ classes }) {
  const more = classes.length - SHOWN_CLASSES;
  const marks = classes.slice(0, SHOWN_CLASSES).map((name) => createClassMark(classes, name));
  return create(
    "div",
    { class: "stack" },
    create("p", {}, `${formatCount(classes.length)} classes; a photo is routed by the most probable one.`),
    create("div", { class: "row" }, marks),
    more > 0 ? create("p", { class: "muted" }, `and ${formatCount(more)} more`) : null,
    create("p", {}, create("a", { class: "button primary", href: "#/try" }, "Try a photo")),
  );
}

function createTerms(terms) {
  return create(
    "dl",
    {},
    ...terms.map(([name, value]) => [create("dt", {}, name), create("dd", {}, value ?? "–")]),
  );
}
