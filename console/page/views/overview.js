/* Shows whether all is well: a sentence, the last day's figures and photos, and what is in service. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawNotice, showAnswers } from "../parts/answers.js";
import { drawCard, drawConsoleLink, drawTerms } from "../parts/card.js";
import { drawClass } from "../parts/class_mark.js";
import { formatCount, formatPercent, formatQuantity, formatTime } from "../parts/format.js";
import { drawOutcome, OUTCOMES } from "../parts/outcome.js";
import { drawAlarms } from "./overview/alarms.js";
import { drawFigures } from "./overview/figures.js";
import { drawHealth } from "./overview/health.js";
import { drawLastFailure, drawLatest } from "./overview/latest.js";
import { drawThreshold } from "./overview/threshold.js";

const SECONDS = 5;
const SHOWN_CLASSES = 12;

export function showOverview(place, context) {
  showAnswers(place, () => [`/api/overview?midnight=${findMidnight()}`], drawOverview, context, SECONDS);
}

const findMidnight = () => new Date().setHours(0, 0, 0, 0) / 1000;

function drawOverview(overview) {
  const { links, name, region, account, today } = overview;
  return html`
    ${drawHealth(overview)} ${overview.week ? drawFigures(overview) : nothing}
    <div class="side-by-side overview-photos">
      ${drawLatest(overview)}
      <div class="stack">${drawLastFailure(overview)} ${drawToday(today)}</div>
    </div>
    ${drawAlarms(overview)}
    <div class="grid in-service">
      ${drawSubject("Endpoint", overview.endpoint, drawEndpoint, links?.endpoint)}
      ${drawSubject("Model", overview.model, (model) => drawModel(model, overview))}
      ${drawThreshold(overview)}
    </div>
    <p class="muted small">Deployment ${name}, ${region}, account ${account}</p>
  `;
}

function drawToday(today) {
  if (today.fault) return drawCard("Photos today", drawNotice(today.fault));
  const counted = OUTCOMES.filter((outcome) => outcome !== "running" && today[outcome] !== undefined);
  const figures = counted.map((outcome) => {
    const wanted = new URLSearchParams({ outcome, from: "today" });
    return html`<a class="figure" href="#/executions?${wanted}"
      ><strong>${formatCount(today[outcome])}</strong> ${drawOutcome(outcome)}</a
    >`;
  });
  return drawCard(
    "Photos today",
    html`<div class="figures">${figures}</div>`,
    describeCounts(today).map((note) => html`<p class="muted small">${note}</p>`),
  );
}

/** Returns in sentences what the figures were read from, and what they leave out. */
function describeCounts(today) {
  const unfinished = today.since ? `Counted back to ${formatTime(today.since)} so far.` : null;
  const notes =
    today.source === "table"
      ? ["Each photo counts once, by its last decision, reviews included."]
      : [
          today.advice,
          "From Step Functions' executions: a photo counts as often as it was sent.",
          today.unknown ? `${formatCount(today.unknown)} more did not succeed: not yet known why.` : null,
        ];
  return [unfinished, ...notes].filter(Boolean);
}

/** Draws a card with what `draw` makes of the subject, or with what to do if the subject is missing. */
function drawSubject(title, subject, draw, link) {
  return html`<section class="card" aria-label=${title} id="overview-${title.toLowerCase()}" tabindex="-1">
    <div class="row">
      <h2>${title}</h2>
      ${link ? html`<span class="end small">${drawConsoleLink(link)}</span>` : nothing}
    </div>
    ${subject.missing ? drawNotice(subject.missing) : draw(subject)}
  </section>`;
}

const FAILED = ["Failed", "OutOfService", "UpdateRollbackFailed"];

function drawEndpoint({ status, name, model, instance_type: instance, updated }) {
  const marks = { InService: "routed", ...Object.fromEntries(FAILED.map((one) => [one, "failed"])) };
  // Any other is in transit: the ring that turns, in amber.
  const mark = marks[status] ?? "running";
  return drawTerms([
    [
      "Status",
      html`<span class=${mark === "running" ? "in-transit" : nothing}>${drawOutcome(mark, status)}</span>`,
    ],
    ["Name", name],
    ["Model", model],
    ["Instance", instance ?? "serverless"],
    ["Updated", formatTime(updated)],
  ]);
}

function drawModel(model, { evaluation, classes, other_class: other }) {
  const { trained, dataset, pictures, training_job: job } = model;
  return drawTerms([
    ["Accuracy", describeAccuracy(model, evaluation)],
    ["Classes", drawClasses(classes, other)],
    ["Trained", formatTime(trained)],
    ["Data set", pictures ? `${dataset}, ${formatQuantity(pictures, "training photo")}` : dataset],
    ["Training job", job],
    ["More", html`<a href="#/model">Evaluation and training</a>`],
  ]);
}

/** Says of which photos an accuracy is: the evaluation's where there is one, as the view Model has it. */
function describeAccuracy({ accuracy, validation_photos: photos }, evaluation) {
  if (evaluation.accuracy) {
    const measured = formatQuantity(evaluation.photos, `${evaluation.split} photo`);
    return html`<strong>${formatPercent(evaluation.accuracy.value)}</strong> of ${measured}`;
  }
  if (accuracy === null) return "not measured";
  const validated = photos ? formatQuantity(photos, "validation photo") : "the validation photos";
  return html`<strong>${formatPercent(accuracy)}</strong> of ${validated}, in training.
    ${evaluation.missing}`;
}

function drawClasses(classes, other) {
  const more = classes.length - SHOWN_CLASSES;
  const marks = classes.slice(0, SHOWN_CLASSES).map((name) => drawClass(classes, name));
  const fate = other
    ? `A photo that looks most like ${other} is refused.`
    : "Whatever else a photo shows, it is called one of them.";
  return html`${formatCount(classes.length)} classes. ${fate}
    <span class="row"
      >${marks}
      ${more > 0 ? html`<span class="muted">and ${formatCount(more)} more</span>` : nothing}</span
    >`;
}
