/* Draws the lines of the list: a photo and its execution each, with the reason where it failed. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { repeat } from "/static/lit-html/directives/repeat.js";
import { drawClass } from "../../parts/class_mark.js";
import { linkExecution } from "../../parts/execution_link.js";
import { drawFileName } from "../../parts/file_name.js";
import { formatDuration, formatProbability, formatTime } from "../../parts/format.js";
import { drawErrorName, drawOutcome, drawReviewer } from "../../parts/outcome.js";
import "../../parts/photo_image.js";
import { getTime } from "./lines.js";

/* Errors that say that there is no picture to be had. */
const WITHOUT_PICTURE = {
  ImageNotFound: "not found",
  InvalidImage: "not an image",
  ImageTooLarge: "too large",
  ImageArchived: "archived",
  ImageAccessDenied: "no access",
};

/**
 * Draws the table.
 *
 * @param {object[]} lines As /api/executions has them.
 * @param {*} caption
 * @param {{headings: {time: string, took: string}, classes: string[], query: string}} context What stands over when
 *   and how long; the list's address, which an execution leads back to.
 */
export function drawLines(lines, caption, { headings, classes, query }) {
  const from = new URLSearchParams({ "from-list": query });
  const drawRow = (line) => drawLine(line, classes, linkExecution(line, from));
  return html`<table class="lines">
    <caption aria-live="polite">
      ${caption}
    </caption>
    <thead>
      <tr>
        <th scope="col"><span class="unseen">Photo</span></th>
        <th scope="col">Name</th>
        <th scope="col">Outcome</th>
        <th scope="col">Class</th>
        <th scope="col" class="number">Confidence</th>
        <th scope="col">${headings.time}</th>
        <th scope="col" class="number">${headings.took}</th>
      </tr>
    </thead>
    <tbody @click=${followRow}>
      ${repeat(lines, (line) => line.id, drawRow)}
    </tbody>
  </table>`;
}

function drawLine(line, classes, address) {
  const { id, key, name, outcome, error, cause, label } = line;
  const named = label ?? line.predicted_class;
  const isFailed = outcome === "failed";
  const reason = isFailed && cause ? removeAddress(line) : "";
  return html`<tr>
    <td class="photo">${drawPicture(line)}</td>
    <th scope="row" class="name">
      <a href=${address}>${drawFileName(name ?? id, key ?? id)}</a>
      ${reason ? html`<span class="truncated small muted" title=${cause}>${reason}</span>` : ""}
    </th>
    <td class="outcome-of">
      ${drawOutcome(outcome)}
      ${isFailed && error ? html`<span class="reason small" title=${cause}>${drawErrorName(error)}</span>` : ""}
      ${line.reviewed_by ? html`<span class="reason small">${drawReviewer(line.reviewed_by)}</span>` : ""}
    </td>
    <td class="class ${named ? "" : "without"}">${named ? drawClass(classes, named) : "–"}</td>
    <td class="number confidence ${line.confidence === null ? "without" : ""}">${formatProbability(line.confidence)}</td>
    <td class="when">${formatTime(getTime(line))}</td>
    <td class="number took">${formatDuration(line.milliseconds)}</td>
  </tr>`;
}

/** Returns the cause without the photo's address in front, which would leave no room for the reason. */
function removeAddress({ bucket, key, cause }) {
  const address = `s3://${bucket}/${key}`;
  return cause.startsWith(address) ? cause.slice(address.length).replace(/^[:,]? /, "") : cause;
}

function drawPicture({ id, photo, key, error }) {
  const missing = WITHOUT_PICTURE[error] ?? (key ? null : "none named");
  // The table leads to the picture longer than the execution, which Step Functions forgets.
  const path = photo
    ? `/api/outcomes/${encodeURIComponent(photo)}/picture`
    : `/api/executions/${encodeURIComponent(id)}/photo`;
  return html`<photo-image
    class="thumbnail"
    alt=""
    path=${missing ? nothing : path}
    missing=${missing ?? nothing}
  ></photo-image>`;
}

/** Has a whole row lead where its link does, with the keys that open it beside. Text can still be marked. */
function followRow(event) {
  if (event.target.closest("a") || window.getSelection().toString()) return;
  const { ctrlKey, metaKey, shiftKey } = event;
  const click = { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey };
  event.target.closest("tr").querySelector("a").dispatchEvent(new MouseEvent("click", click));
}
