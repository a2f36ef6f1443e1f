/* The invocations of the period as a table, a page at a time, newest first, each with its picture on demand. */

import { classMark } from "../../parts/class_mark.js";
import { recordTable } from "../../parts/data_table.js";
import { element } from "../../parts/element.js";
import { count, probability, time } from "../../parts/format.js";
import { photoImage } from "../../parts/photo_image.js";
import { photoPath, thresholdInColumns } from "./invocations.js";

const PAGE = 25;

/** Returns what shows another period: `draw(first, last)`. */
export function invocationTable(place, invocations, signal) {
  const { classes, time: times, confidence, predicted, truth } = invocations;
  const rows = element("div");
  const newer = element("button", { type: "button", onclick: () => turn(-1) }, "Newer");
  const older = element("button", { type: "button", onclick: () => turn(1) }, "Older");
  place.append(rows, element("div", { class: "row" }, newer, older));
  let [first, last, page] = [0, 0, 0];
  const turn = (pages) => {
    page += pages;
    show();
  };
  const show = () => {
    const to = Math.max(first, last - page * PAGE);
    const from = Math.max(first, to - PAGE);
    newer.disabled = page === 0;
    older.disabled = from === first;
    const shown = Array.from({ length: to - from }, (_, row) => to - 1 - row);
    rows.replaceChildren(
      recordTable(
        `Invocations ${count(last - to + (to > from ? 1 : 0))} to ${count(last - from)} of ${count(last - first)}, newest first`,
        ["Time", "Photo", "Class", "#Confidence", "It shows"],
        shown.map((index) => [
          element("span", { class: "when" }, time(times[index])),
          photoImage(photoPath(invocations, index), "", "thumbnail", signal),
          classMark(classes, classes[predicted[index]]),
          probability(confidence[index], thresholdInColumns(invocations)),
          truth[index] < 0 ? "not known" : classMark(classes, classes[truth[index]]),
        ]),
      ),
    );
  };
  return (newFirst, newLast) => {
    [first, last, page] = [newFirst, newLast, 0];
    show();
  };
}
