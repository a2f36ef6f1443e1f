/* Lists photos that deserve a look: those that the model got wrong, and those that it may have learned by heart. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCard } from "../../parts/card.js";
import { drawClass } from "../../parts/class_mark.js";
import { drawTable } from "../../parts/data_table.js";
import { drawFileName } from "../../parts/file_name.js";
import { formatCount, formatPercent, formatProbability, formatQuantity } from "../../parts/format.js";
import "../../parts/photo_image.js";
import { formatInterval } from "./accuracy.js";

const FIRST = 20;
const SHOWN_CLASSES = 3;

/**
 * Draws the photos that the model got wrong.
 *
 * @param {Set<string>} whole The captions of the tables of which all rows are shown, not the first ones only.
 * @param {(caption: string) => void} showAll Adds one.
 */
export function drawWrongPhotos({ classes, wrong, dataset, split }, whole, showAll) {
  const ranked = [...wrong].sort((one, other) => other.confidence - one.confidence);
  const drawRow = (one) => [
    drawFileName(one.file),
    drawPhoto(dataset, `${split}/${one.file}`),
    drawClass(classes, one.true),
    drawClass(classes, one.predicted),
    formatHighest(one.probabilities),
  ];
  const caption = `${formatQuantity(wrong.length, "photo")}, most confident first`;
  const columns = ["File", "Photo", "True class", "Predicted", "#Probabilities"];
  return drawCard(
    "Misclassified photos",
    wrong.length ? drawShortTable(caption, columns, ranked, drawRow, whole, showAll) : html`<p>None.</p>`,
  );
}

/** Draws the photos that look like one of the training; `whole` and `showAll` as for drawWrongPhotos(). */
export function drawNearDuplicates({ near_duplicates: duplicates, dataset, split }, whole, showAll) {
  const { accuracy_without: without, pairs, photos } = duplicates;
  const drawRow = (pair) => [
    drawFileName(pair.file),
    drawPhoto(dataset, `${split}/${pair.file}`),
    drawFileName(pair.training_file),
    drawPhoto(dataset, pair.training_file),
    formatProbability(pair.correlation),
  ];
  const columns = ["File", "Photo", "Training file", "Training photo", "#Correlation"];
  return drawCard(
    "Near-duplicates of training photos",
    html`<p>
      ${photos === 0 ? "No photo" : formatQuantity(photos, "photo")} of this split
      look${photos > 1 ? "" : "s"} like one that the model was trained on.
      ${photos && without
        ? `Without ${photos > 1 ? "them" : "it"} accuracy is ${formatPercent(without.value)} ` +
          `(95% interval ${formatInterval(without)}), of ${formatQuantity(without.of, "photo")}.`
        : ""}
    </p>`,
    pairs.length ? drawShortTable("Most similar first", columns, pairs, drawRow, whole, showAll) : "",
  );
}

function drawPhoto(dataset, path) {
  const encoded = [dataset, ...path.split("/")].map(encodeURIComponent).join("/");
  return html`<photo-image class="thumbnail" path="/api/datasets/${encoded}" alt=""></photo-image>`;
}

const formatHighest = (probabilities) =>
  Object.entries(probabilities)
    .sort(([, one], [, other]) => other - one)
    .slice(0, SHOWN_CLASSES)
    .map(([name, value]) => `${name} ${formatProbability(value)}`)
    .join(", ");

/** Draws a table of the first rows, with a button that shows all. */
function drawShortTable(caption, columns, items, drawRow, whole, showAll) {
  const isWhole = whole.has(caption) || items.length <= FIRST;
  const rows = (isWhole ? items : items.slice(0, FIRST)).map(drawRow);
  const press = ({ currentTarget }) => {
    // The button goes; the table takes its focus.
    currentTarget.closest(".card").querySelector(".scroll").focus();
    showAll(caption);
  };
  return html`
    ${drawTable(caption, columns, rows, { records: true })}
    ${isWhole
      ? ""
      : html`<p><button type="button" @click=${press}>Show all ${formatCount(items.length)}</button></p>`}
  `;
}
