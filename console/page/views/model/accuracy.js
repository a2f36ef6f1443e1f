/* How often the model is right: as a whole, for each class, and which classes it takes for which. */

import { classMark } from "../../parts/class_mark.js";
import { dataTable, recordTable } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, counted, percent, time } from "../../parts/format.js";

/** A share with its 95% interval in words. */
export const interval = (share) => (share === null ? "–" : `${percent(share.low)} to ${percent(share.high)}`);

export function accuracyCard(report) {
  const figure = (value, name, note) =>
    element(
      "div",
      { class: "figure" },
      element("span", {}, name),
      element("strong", {}, value),
      element("span", { class: "small" }, note),
    );
  return element(
    "section",
    { class: "card", "aria-labelledby": "evaluation" },
    element("h2", { id: "evaluation" }, "Evaluation"),
    element(
      "p",
      { class: "muted" },
      `${report.endpoint ? `Endpoint ${report.endpoint}` : "The artifact"} scored ${counted(report.photos, "photo")} of the ${report.split} split of data set ${report.dataset}, ${time(report.when)}. Model ${report.model ?? "–"}.`,
    ),
    element(
      "div",
      { class: "figures" },
      figure(percent(report.accuracy.value), "Accuracy", `95% interval ${interval(report.accuracy)}`),
      figure(count(report.accuracy.count), "Right", `of ${counted(report.accuracy.of, "photo")}`),
      figure(
        percent(report.calibration.ece),
        "Calibration error",
        `expected, from ${counted(report.calibration.photos, "photo")}`,
      ),
    ),
    report.comparison ? element("p", {}, verdict(report.comparison)) : null,
  );
}

function verdict(comparison) {
  const {
    champion,
    challenger,
    champion_only: championOnly,
    challenger_only: challengerOnly,
    p_value: p,
    better,
  } = comparison;
  return (
    `${challenger} is ${better ? "better" : "no better"} than ${champion}: it alone is right on ${counted(challengerOnly, "photo")}, ` +
    `the other alone on ${count(championOnly)} (McNemar's exact test, one-sided p = ${p.toPrecision(3)}).`
  );
}

export function confusionCard({ classes, confusion }) {
  const rows = confusion.map((row, truth) => {
    const total = row.reduce((sum, photos) => sum + photos, 0);
    return [
      classMark(classes, classes[truth]),
      ...row.map((photos, predicted) => cell(photos, total, truth === predicted)),
    ];
  });
  return element(
    "section",
    { class: "card", "aria-labelledby": "confusion" },
    element("h2", { id: "confusion" }, "Confusion"),
    dataTable(
      "Rows: what the photo shows. Columns: what the model said.",
      ["It shows", ...classes.map((name) => `#${name}`)],
      rows,
    ),
  );
}

function cell(photos, total, isRight) {
  return element(
    "span",
    { class: photos === 0 ? "muted" : isRight ? "outcome routed" : "outcome failed" },
    `${count(photos)}${total ? ` (${percent(photos / total)})` : ""}`,
  );
}

export function perClassCard({ classes, per_class: perClass }) {
  const share = (one) => (one === null ? "–" : `${percent(one.value)} (${interval(one)})`);
  return element(
    "section",
    { class: "card", "aria-labelledby": "per-class" },
    element("h2", { id: "per-class" }, "Each class"),
    recordTable(
      "In parentheses the 95% interval",
      ["Class", "#Photos", "#Precision", "#Recall"],
      perClass.map((one) => [
        classMark(classes, one.name),
        count(one.photos),
        share(one.precision),
        share(one.recall),
      ]),
    ),
  );
}
