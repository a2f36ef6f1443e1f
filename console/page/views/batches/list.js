/* Lists the batches, the one that ran last first. */

import { html } from "/static/lit-html/lit-html.js";
import { drawNotice, showAnswers } from "../../parts/answers.js";
import { drawCard } from "../../parts/card.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { drawTable } from "../../parts/data_table.js";
import { formatCount, formatTime } from "../../parts/format.js";
import { drawClasses, drawProgress, drawState } from "./outcome.js";

const SECONDS = 5;
const COMMAND = "python -m console batch FOLDER";
const COLUMNS = ["Batch", "State", "Photos", "Routed", "#Refused", "#Reviewed", "#Failed", "Started"];

export function showList(place, context) {
  const draw = ({ batches }, { classes }) =>
    batches.length
      ? drawCard("Last run", drawBatches(batches, classes))
      : drawNotice(html`No batch in the last 90 days. It is started in a terminal, with a folder or
          s3://BUCKET/PREFIX: <code>${COMMAND}</code> ${drawCopyButton(COMMAND, "the command")}`);
  showAnswers(place, ["/api/batches", "/api/deployment"], draw, context, SECONDS);
}

const drawBatches = (batches, classes) =>
  html`<div class="batches">
    ${drawTable(
      "Of the last 90 days, the newest first",
      COLUMNS,
      batches.map((batch) => drawLine(batch, classes)),
      { records: true },
    )}
  </div>`;

function drawLine(batch, classes) {
  const { id, source, summary, progress } = batch;
  const sum = (counts) => Object.values(counts).reduce((all, number) => all + number, 0);
  const failed = summary ? sum(summary.failed) : progress?.failed;
  return [
    html`<a href="#/batches/${encodeURIComponent(id)}">${id}</a>
      <span class="truncated small muted" title=${source}>${source}</span>`,
    drawState(batch),
    drawProgress(batch),
    summary ? drawClasses(summary.routed, classes) : "–",
    summary ? formatCount(summary.refused) : "–",
    summary ? formatCount(sum(summary.reviewed)) : "–",
    failed === undefined ? "–" : formatCount(failed),
    html`<span class="when">${formatTime(batch.started)}</span>`,
  ];
}
