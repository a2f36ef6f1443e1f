/* Shows how often the model is right: as a whole, for each class, and which classes it takes for which. */

import { createCard, createFigure } from "../../parts/card.js";
import { createClassMark } from "../../parts/class_mark.js";
import { createRecordTable, createTable } from "../../parts/data_table.js";
import { create } from "../../parts/element.js";
import { formatCount, formatPercent, formatQuantity, formatTime } from "../../parts/format.js";

/** Formats the 95% interval of a share. */
export const formatInterval = (share) => `${formatPercent(share.low)} to ${formatPercent(share.high)}`;

export function createAccuracyCard({ accuracy, calibration, comparison, ...report }) {
  return createCard(
    "Evaluation",
    create(
      "p",
      { class: "muted" },
      `${report.endpoint ? `Endpoint ${report.endpoint}` : "The artifact"} scored ${formatQuantity(report.photos, "photo")} of the ${report.split} split of data set ${report.dataset}, ${formatTime(report.when)}. Model ${report.model ?? "–"}.`,
    ),
    create(
      "div",
      { class: "figures" },
      createFigure("Accuracy", formatPercent(accuracy.value), `95% interval ${formatInterval(accuracy)}`),
      createFigure("Right", formatCount(accuracy.count), `of ${formatQuantity(accuracy.of, "photo")}`),
      createFigure(
        "Calibration error",
        formatPercent(calibration.ece),
        `expected, from ${formatQuantity(calibration.photos, "photo")}`,
      ),
    ),
    comparison ? create("p", {}, describeComparison(comparison)) : null,
  );
}

function describeComparison(comparison) {
  const { champion, challenger, better, p_value: p } = comparison;
  return (
    `${challenger} is ${better ? "better" : "no better"} than ${champion}: it alone is right on ${formatQuantity(comparison.challenger_only, "photo")}, ` +
    `the other alone on ${formatCount(comparison.champion_only)} (McNemar's exact test, one-sided p = ${p.toPrecision(3)}).`
  );
}

export function createConfusionCard({ classes, confusion }) {
  const rows = confusion.map((row, truth) => {
    const total = row.reduce((sum, photos) => sum + photos, 0);
    return [
      createClassMark(classes, classes[truth]),
      ...row.map((photos, predicted) => createCell(photos, total, truth === predicted)),
    ];
  });
  return createCard(
    "Confusion",
    createTable(
      "Rows: what the photo shows. Columns: what the model said.",
      ["It shows", ...classes.map((name) => `#${name}`)],
      rows,
    ),
  );
}

function createCell(photos, total, isRight) {
  return create(
    "span",
    { class: photos === 0 ? "muted" : isRight ? "outcome routed" : "outcome failed" },
    `${formatCount(photos)}${total ? ` (${formatPercent(photos / total)})` : ""}`,
  );
}

export function createPerClassCard({ classes, per_class: perClass }) {
  const formatShare = (share) =>
    share === null ? "–" : `${formatPercent(share.value)} (${formatInterval(share)})`;
  return createCard(
    "Each class",
    createRecordTable(
      "In parentheses the 95% interval",
      ["Class", "#Photos", "#Precision", "#Recall"],
      perClass.map(({ name, photos, precision, recall }) => [
        createClassMark(classes, name),
        formatCount(photos),
        formatShare(precision),
        formatShare(recall),
      ]),
    ),
  );
}
