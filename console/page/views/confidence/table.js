/* Shows the invocations of the period as a table, a page at a time, newest first. */

import { createClassMark } from "../../parts/class_mark.js";
import { createRecordTable } from "../../parts/data_table.js";
import { create } from "../../parts/element.js";
import { formatCount, formatProbability, formatTime } from "../../parts/format.js";
import { createPhotoImage } from "../../parts/photo_image.js";
import { getPhotoPath } from "./invocations.js";

const PAGE = 25;

/** Adds the table; returns a function that shows another period. */
export function addInvocationTable(place, invocations, signal) {
  const { classes, time: times, confidence, predicted, truth } = invocations;
  const rows = create("div");
  const newer = create("button", { type: "button", onclick: () => turn(-1) }, "Newer");
  const older = create("button", { type: "button", onclick: () => turn(1) }, "Older");
  place.append(rows, create("div", { class: "row" }, newer, older));
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
      createRecordTable(
        `Invocations ${formatCount(last - to + (to > from ? 1 : 0))} to ${formatCount(last - from)} of ${formatCount(last - first)}, newest first`,
        ["Time", "Photo", "Class", "#Confidence", "It shows"],
        shown.map((index) => [
          create("span", { class: "when" }, formatTime(times[index])),
          createPhotoImage(getPhotoPath(invocations, index), "", "thumbnail", signal),
          createClassMark(classes, classes[predicted[index]]),
          formatProbability(confidence[index]),
          truth[index] < 0 ? "not known" : createClassMark(classes, classes[truth[index]]),
        ]),
      ),
    );
  };
  return (newFirst, newLast) => {
    [first, last, page] = [newFirst, newLast, 0];
    show();
  };
}
