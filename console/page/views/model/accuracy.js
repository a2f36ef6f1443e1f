/* Shows how often the model is right: as a whole, for each class, and which classes it takes for which. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawCard, drawFigure } from "../../parts/card.js";
import { drawClass } from "../../parts/class_mark.js";
import { drawTable } from "../../parts/data_table.js";
import {
  formatCount,
  formatPercent,
  formatQuantity,
  formatShares,
  formatThreshold,
  formatTime,
} from "../../parts/format.js";

/** Formats the 95% interval of a share. */
export const formatInterval = (share) => `${formatPercent(share.low)} to ${formatPercent(share.high)}`;

/** Formats a share with its 95% interval. */
export const formatShare = (share) =>
  share ? `${formatPercent(share.value)} (${formatInterval(share)})` : "–";

export function drawAccuracy({ accuracy, calibration, comparison, ...report }) {
  const scorer = report.endpoint ? `Endpoint ${report.endpoint}` : "The artifact";
  return drawCard(
    "Evaluation",
    html`<p class="muted">
      ${scorer} scored ${formatQuantity(report.photos, "photo")} of the ${report.split} split of data set
      ${report.dataset}, ${formatTime(report.when)}. Model ${report.model ?? "–"}.
    </p>`,
    html`<div class="figures">
      ${drawFigure("Accuracy", formatPercent(accuracy.value), `95% interval ${formatInterval(accuracy)}`)}
      ${drawOutcomes(report)}
      ${drawFigure(
        "Calibration error (ECE)",
        formatPercent(calibration.ece),
        formatQuantity(calibration.photos, "photo"),
      )}
    </div>`,
    comparison ? html`<p>${describeComparison(comparison)}</p>` : nothing,
  );
}

/** Draws what the threshold in service makes of the photos. */
function drawOutcomes({ thresholds, photos, threshold_in_service: inService }) {
  const cost = thresholds.find((one) => one.threshold === inService?.value);
  if (!cost) return nothing;
  const [routed, refused] = formatShares(cost.routed, photos);
  const note = `at threshold ${formatThreshold(cost.threshold)}`;
  return [
    drawFigure("Routed", routed, `${note}, ${formatCount(cost.right)} of ${formatCount(cost.routed)} right`),
    drawFigure("Refused", refused, `${note}, ${formatQuantity(photos - cost.routed, "photo")}`),
  ];
}

function describeComparison({ champion, challenger, better, p_value: p, ...only }) {
  return (
    `${challenger} is ${better ? "better" : "no better"} than ${champion}: it alone is right on ` +
    `${formatQuantity(only.challenger_only, "photo")}, the other alone on ${formatCount(only.champion_only)} ` +
    `(McNemar's exact test, one-sided p = ${p.toPrecision(3)}).`
  );
}

export function drawConfusion({ classes, confusion }) {
  const rows = confusion.map((row, truth) => {
    const total = row.reduce((sum, photos) => sum + photos, 0);
    const shares =
      row.length === 2 ? formatShares(row[0], total) : row.map((photos) => formatPercent(photos / total));
    const drawCell = (photos, predicted) => {
      const outcome = truth === predicted ? "outcome routed" : "outcome failed";
      const share = total ? ` (${shares[predicted]})` : "";
      return html`<span class=${photos === 0 ? "muted" : outcome}>${formatCount(photos)}${share}</span>`;
    };
    return [drawClass(classes, classes[truth]), ...row.map(drawCell)];
  });
  const columns = ["True class", ...classes.map((name) => `#${name}`)];
  return drawCard("Confusion", drawTable("Rows: true class. Columns: predicted.", columns, rows));
}

export function drawEachClass({ classes, per_class: perClass }) {
  const rows = perClass.map(({ name, photos, precision, recall }) => [
    drawClass(classes, name),
    formatCount(photos),
    formatShare(precision),
    formatShare(recall),
  ]);
  const columns = ["Class", "#Photos", "#Precision", "#Recall"];
  return drawCard("Each class", drawTable("95% interval in parentheses", columns, rows, { records: true }));
}
