/* Shows the daily drift reports: each measure's index against its noise floor over the days, and each day in words. */

import { html } from "/static/lit-html/lit-html.js";
import { drawNotice } from "../../parts/answers.js";
import { drawCard } from "../../parts/card.js";
import { drawTable } from "../../parts/data_table.js";
import { formatCount, formatTime } from "../../parts/format.js";
import { drawMeasures } from "./drift_measures.js";
import { readReport } from "./drift_words.js";

const SOURCES = { captured: "data capture", outcomes: "outcomes" };

export function drawDriftReports({ reports, more, next }) {
  return drawCard("Drift, day by day", reports.length ? drawAll(reports, more, next) : drawEmpty(next));
}

const drawEmpty = (next) =>
  drawNotice(
    next === null
      ? "No report: make deploy adds what compares each day's photos with those that the model was judged by (on this machine make demo)."
      : `No report yet. The first one comes after ${formatTime(next)}: each night the photos of the day before are compared with those that the model was judged by.`,
  );

function drawAll(reports, more, next) {
  return html`
    <p class="muted">
      How far each day's photos are from those that the model was judged by, as population stability index. Usual
      reading: below 0.1 no shift, 0.1 to 0.25 some, above 0.25 a major one; what stays below the noise floor is expected
      by chance.${next === null ? "" : ` The next report comes after ${formatTime(next)}.`}
    </p>
    ${drawMeasures([...reports].reverse())}
    ${drawTable(
      `Reports by day in UTC, the newest first${more ? `, the last ${formatCount(reports.length)}` : ""}`,
      ["Day", "#Photos", "Source", "Reading"],
      reports.map((report) => [
        html`<span class="when">${report.day}</span>`,
        formatCount(report.photos),
        SOURCES[report.source] ?? report.source ?? "–",
        html`<span class="across">${readReport(report)}</span>`,
      ]),
      { records: true },
    )}
  `;
}
