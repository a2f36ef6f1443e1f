/* Shows one batch: how far it is while it runs, what became of its photos, its files, and what can be done with it. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { showAnswers } from "../../parts/answers.js";
import { drawCard, drawFigure, drawTerms } from "../../parts/card.js";
import { drawClass } from "../../parts/class_mark.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { drawTable } from "../../parts/data_table.js";
import { formatCount, formatPercent, formatThreshold, formatTime } from "../../parts/format.js";
import { drawErrorName } from "../../parts/outcome.js";
import { Actions } from "./actions.js";
import { drawProgress, drawState, orderByCount } from "./outcome.js";

const SECONDS = 3;

export function showBatch(place, context) {
  const { identifier, setTitle } = context;
  const path = `/api/batches/${encodeURIComponent(identifier)}`;
  setTitle(`Batch ${identifier}`);
  const actions = new Actions(
    path,
    () => shown.redraw(),
    () => shown.load(),
    context.freshness,
  );
  const draw = (batch, { classes }) => [
    html`<nav class="row" aria-label="Batches"><a href="#/batches">All batches</a></nav>`,
    actions.draw(batch),
    drawHead(batch),
    batch.summary ? drawOutcomes(batch, classes) : nothing,
    drawCard("About it", drawTerms(describe(batch))),
  ];
  const shown = showAnswers(place, [path, "/api/deployment"], draw, context, SECONDS);
}

function drawHead(batch) {
  const { state, error, cause, summary, progress } = batch;
  if (summary) return nothing;
  return drawCard(
    "Progress",
    html`<p>${drawState(batch)}</p>`,
    html`<div class="batch-progress">${drawProgress(batch)}</div>`,
    progress?.failed
      ? html`<p>${formatCount(progress.failed)} could not be asked for, whatever was tried.</p>`
      : nothing,
    state === "failed"
      ? html`<p class="notice error"><strong>${drawErrorName(error ?? "failed")}</strong> ${cause}</p>`
      : nothing,
    state === "done" ? html`<p class="muted">What it wrote was overwritten, or has expired.</p>` : nothing,
  );
}

function drawOutcomes({ id, summary }, classes) {
  const { photos, routed, refused, reviewed, failed, asked, photos_per_second: rate } = summary;
  const sum = (counts) => Object.values(counts).reduce((all, number) => all + number, 0);
  const share = (number) => (photos ? `${formatPercent(number / photos)} of ${formatCount(photos)}` : "no photo");
  const judged = sum(reviewed);
  // Photos are found by the run that decided; where this one asked for none, another has.
  const search = (outcome) => `#/executions?${new URLSearchParams({ search: id, outcome })}`;
  return [
    drawCard(
      "Outcome",
      html`<div class="figures">
        ${drawFigure("Routed", formatCount(sum(routed)), share(sum(routed)))}
        ${drawFigure("Refused", formatCount(refused), share(refused))}
        ${judged ? drawFigure("Judged by a person", formatCount(judged), share(judged)) : nothing}
        ${drawFigure("Failed", formatCount(sum(failed)), share(sum(failed)))}
        ${rate === null
          ? nothing
          : drawFigure("Photos a second", rate.toFixed(1), `${formatCount(Math.round(summary.seconds))} s in all`)}
      </div>`,
      html`<div class="row">
        ${refused ? html`<a href="#/review">Review the refused photos</a>` : nothing}
        ${refused && asked ? html`<a href=${search("refused")}>Refused photos of this batch</a>` : nothing}
        ${sum(failed) ? html`<a href=${search("failed")}>Failed photos of this batch</a>` : nothing}
      </div>`,
    ),
    html`<div class="grid">
      ${drawCard(
        "Routed",
        drawTable(
          "Photos routed, by class",
          ["Class", "#Photos", "#Share"],
          orderByCount(routed).map(([name, number]) => [
            drawClass(classes, name),
            formatCount(number),
            formatPercent(number / photos),
          ]),
        ),
      )}
      ${sum(failed)
        ? drawCard(
            "Failed",
            drawTable(
              "Photos that failed, by error",
              ["Error", "#Photos"],
              orderByCount(failed).map(([name, number]) => [drawErrorName(name), formatCount(number)]),
            ),
          )
        : nothing}
    </div>`,
  ];
}

function describe({ source, bucket, prefix, started, ended, execution, summary }) {
  const photos = `s3://${bucket}/${prefix}`;
  const counts = summary
    ? [
        ["Asked for", formatCount(summary.asked)],
        ["Answered before", formatCount(summary.kept)],
        ["Passed over", formatCount(summary.passed_over)],
        ["Model", summary.model],
        ["Threshold", summary.threshold === null ? null : formatThreshold(summary.threshold)],
      ]
    : [];
  return [
    ["Source", source],
    ["Photos", html`${photos} ${drawCopyButton(photos, "the photos' S3 URI")}`],
    ["Started", formatTime(started)],
    ["Ended", formatTime(ended)],
    ...counts,
    [
      "Execution",
      html`<span title=${execution}>${execution.split(":").at(-1)}</span> ${drawCopyButton(execution, "the ARN")}`,
    ],
  ];
}
