/* Lists photos that deserve a look: those that the model got wrong, and those that it may have learned by heart. */

import { createCard } from "../../parts/card.js";
import { createClassMark } from "../../parts/class_mark.js";
import { createRecordTable } from "../../parts/data_table.js";
import { create } from "../../parts/element.js";
import { formatCount, formatPercent, formatProbability, formatQuantity } from "../../parts/format.js";
import { createPhotoImage } from "../../parts/photo_image.js";
import { formatInterval } from "./accuracy.js";

const FIRST = 20;
const SHOWN_CLASSES = 3;

export function createWrongPhotosCard({ classes, wrong, dataset, split }, signal) {
  const ranked = [...wrong].sort((one, other) => other.confidence - one.confidence);
  return createCard(
    "Photos that it got wrong",
    wrong.length === 0
      ? create("p", {}, "None.")
      : createShortTable(
          `${formatQuantity(wrong.length, "photo")}, the surest first`,
          ["File", "Photo", "It shows", "The model said", "#Probabilities"],
          ranked.map((one) => [
            createFileName(one.file),
            createPicture(dataset, `${split}/${one.file}`, signal),
            createClassMark(classes, one.true),
            createClassMark(classes, one.predicted),
            formatHighest(one.probabilities),
          ]),
        ),
  );
}

export function createNearDuplicatesCard({ near_duplicates: duplicates, dataset, split }, signal) {
  const { accuracy_without: without, pairs, photos } = duplicates;
  return createCard(
    "Near-duplicates of training photos",
    create(
      "p",
      {},
      photos === 0
        ? "No photo of this split looks like one that the model was trained on."
        : `${formatQuantity(photos, "photo")} of this split look like one that the model was trained on.` +
            (without
              ? ` Without them accuracy is ${formatPercent(without.value)} (95% interval ${formatInterval(without)}), of ${formatQuantity(without.of, "photo")}.`
              : ""),
    ),
    pairs.length === 0
      ? null
      : createShortTable(
          "The most alike first",
          ["File", "Photo", "Training file", "Training photo", "#Correlation"],
          pairs.map((pair) => [
            createFileName(pair.file),
            createPicture(dataset, `${split}/${pair.file}`, signal),
            createFileName(pair.training_file),
            createPicture(dataset, pair.training_file, signal),
            formatProbability(pair.correlation),
          ]),
        ),
  );
}

const createFileName = (name) => create("span", { class: "truncated", title: name }, name);

function createPicture(dataset, path, signal) {
  const encoded = [dataset, ...path.split("/")].map(encodeURIComponent).join("/");
  return createPhotoImage(`/api/datasets/${encoded}`, "", "thumbnail", signal);
}

const formatHighest = (probabilities) =>
  Object.entries(probabilities)
    .sort(([, one], [, other]) => other - one)
    .slice(0, SHOWN_CLASSES)
    .map(([name, value]) => `${name} ${formatProbability(value)}`)
    .join(", ");

/** Returns a table of the first rows, with a button that shows all. */
function createShortTable(caption, columns, rows) {
  const table = createRecordTable(caption, columns, rows.slice(0, FIRST));
  if (rows.length <= FIRST) return table;
  const showAll = () => {
    const whole = createRecordTable(caption, columns, rows);
    place.replaceChildren(whole);
    whole.focus();
  };
  const button = create(
    "button",
    { type: "button", onclick: showAll },
    `Show all ${formatCount(rows.length)}`,
  );
  const place = create("div", { class: "stack" }, table, create("p", {}, button));
  return place;
}
