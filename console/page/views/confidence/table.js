/* Draws the invocations of the period as a table, a page at a time, newest first. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCard } from "../../parts/card.js";
import { drawClass } from "../../parts/class_mark.js";
import { drawTable } from "../../parts/data_table.js";
import { linkExecution } from "../../parts/execution_link.js";
import { formatCount, formatProbability } from "../../parts/format.js";
import "../../parts/photo_image.js";
import { getPhotoPath } from "./invocations.js";

const PAGE = 10;

/** Returns the indices that a page of the invocations from `first` to before `last` has, newest first. */
export function listPage(first, last, page) {
  const to = Math.max(first, last - page * PAGE);
  return Array.from({ length: to - Math.max(first, to - PAGE) }, (_, row) => to - 1 - row);
}

/**
 * Draws a page of the invocations from `first` to before `last`.
 *
 * @param {Map<number, {execution, name}>} origins Of each invocation's number its execution, as far as that is known.
 * @param {{turn: (pages: number) => void, enlarge: (index: number) => void}} acts
 */
export function drawInvocationTable(invocations, first, last, page, zone, origins, { turn, enlarge }) {
  const { classes, id, time, confidence, predicted, truth } = invocations;
  const shown = listPage(first, last, page);
  const number = (index) => formatCount(last - index);
  const range = shown.length ? `${number(shown[0])} to ${number(shown.at(-1))}` : "0";
  const drawTime = (index) => {
    const { execution, batch } = origins.get(id[index]) ?? {};
    const moment = zone.formatTime(time[index]);
    return execution ? html`<a href=${linkExecution({ id: execution, batch })}>${moment}</a>` : moment;
  };
  return drawCard(
    "Invocations",
    html`<div class="invocations">
      ${drawTable(
        `Invocations ${range} of ${formatCount(last - first)}, newest first`,
        ["Photo", "Predicted", "#Confidence", "True class", "Time"],
        shown.map((index) => [
          html`<button
            type="button"
            class="enlarges"
            aria-label="Enlarge the photo of ${zone.formatTime(time[index])}"
            @click=${() => enlarge(index)}
          >
            <photo-image class="thumbnail" path=${getPhotoPath(invocations, index)} alt=""></photo-image>
          </button>`,
          drawClass(classes, classes[predicted[index]]),
          formatProbability(confidence[index]),
          truth[index] < 0
            ? html`<span class="muted">unknown</span>`
            : drawClass(classes, classes[truth[index]]),
          html`<span class="when">${drawTime(index)}</span>`,
        ]),
      )}
    </div>`,
    html`<div class="row">
      <button type="button" ?disabled=${page === 0} @click=${() => turn(-1)}>Newer</button>
      <button type="button" ?disabled=${last - (page + 1) * PAGE <= first} @click=${() => turn(1)}>Older</button>
    </div>`,
  );
}
