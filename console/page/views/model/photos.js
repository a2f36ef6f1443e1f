/* Photos that deserve a look: those that the model got wrong, and those that it may have learned by heart. */

import { classMark } from "../../parts/class_mark.js";
import { recordTable } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, counted, percent, probability } from "../../parts/format.js";
import { photoImage } from "../../parts/photo_image.js";
import { interval } from "./accuracy.js";

const FIRST = 20;
const SHOWN_CLASSES = 3;
const file = (name) => element("span", { class: "truncated", title: name }, name);

const picture = (dataset, path, signal) =>
  photoImage(
    `/api/datasets/${[dataset, ...path.split("/")].map(encodeURIComponent).join("/")}`,
    "",
    "thumbnail",
    signal,
  );

export function wrongPhotosCard({ classes, wrong, dataset, split, threshold_in_service: inService }, signal) {
  const ranked = [...wrong].sort((one, other) => other.confidence - one.confidence);
  return element(
    "section",
    { class: "card", "aria-labelledby": "wrong" },
    element("h2", { id: "wrong" }, "Photos that it got wrong"),
    wrong.length === 0
      ? element("p", {}, "None.")
      : firstRows(
          `${counted(wrong.length, "photo")}, the surest first`,
          ["File", "Photo", "It shows", "The model said", "#Probabilities"],
          ranked.map((one) => [
            file(one.file),
            picture(dataset, `${split}/${one.file}`, signal),
            classMark(classes, one.true),
            classMark(classes, one.predicted),
            highest(one.probabilities, inService?.value),
          ]),
        ),
  );
}

export function nearDuplicatesCard({ near_duplicates: duplicates, dataset, split }, signal) {
  if (!duplicates) return null;
  const { accuracy_without: without, pairs } = duplicates;
  return element(
    "section",
    { class: "card", "aria-labelledby": "duplicates" },
    element("h2", { id: "duplicates" }, "Near-duplicates of training photos"),
    element(
      "p",
      {},
      duplicates.photos === 0
        ? "No photo of this split looks like one that the model was trained on."
        : `${counted(duplicates.photos, "photo")} of this split look like one that the model was trained on.` +
            (without
              ? ` Without them accuracy is ${percent(without.value)} (95% interval ${interval(without)}), of ${counted(without.of, "photo")}.`
              : ""),
    ),
    pairs.length === 0
      ? null
      : firstRows(
          "The most alike first",
          ["File", "Photo", "Training file", "Training photo", "#Correlation"],
          pairs.map((pair) => [
            file(pair.file),
            picture(dataset, `${split}/${pair.file}`, signal),
            file(pair.training_file),
            picture(dataset, pair.training_file, signal),
            probability(pair.correlation),
          ]),
        ),
  );
}

const highest = (probabilities, threshold) =>
  Object.entries(probabilities)
    .sort(([, one], [, other]) => other - one)
    .slice(0, SHOWN_CLASSES)
    .map(([name, value]) => `${name} ${probability(value, threshold)}`)
    .join(", ");

/** The first rows, and the rest behind a button. */
function firstRows(caption, columns, rows) {
  const table = recordTable(caption, columns, rows.slice(0, FIRST));
  if (rows.length <= FIRST) return table;
  const place = element("div", { class: "stack" }, table);
  place.append(
    element(
      "p",
      {},
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            const whole = recordTable(caption, columns, rows);
            place.replaceChildren(whole);
            whole.focus();
          },
        },
        `Show all ${count(rows.length)}`,
      ),
    ),
  );
  return place;
}
