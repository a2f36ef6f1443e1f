/* Draws below the chart what is shown, the choices of what to show, and the ways to take it away. */

import { html } from "/static/lit-html/lit-html.js";
import { drawNotice } from "../../parts/answers.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { formatCount, formatQuantity } from "../../parts/format.js";
import { MOST_RINGS } from "./points.js";
import { nameChange } from "./scatter.js";
import { PERIODS } from "./state.js";

/**
 * Draws the controls.
 *
 * @param {object} state From readState().
 * @param {object} numbers `all` invocations and those `waiting` to be shown; the `count` that the filter lets through, of
 *   these the `bounds` of the period, which is `from` to `to`.
 * @param {{choose, showWaiting, downloadCsv, downloadPng}} acts choose() takes the part of the state that changes.
 */
export function drawControls(state, { all, waiting, count, bounds: [first, last], from, to }, zone, acts) {
  const drawToggle = (label, isPressed, choice) =>
    html`<button type="button" aria-pressed=${isPressed} @click=${() => acts.choose(choice)}>${label}</button>`;
  const { classes, changes } = all;
  const changed = changes.filter(({ time }) => time >= from && time <= to);
  return html`
    <div class="row">
      <p class="muted" role="status">
        ${formatQuantity(last - first, "invocation")}, ${zone.formatShort(from)} to
        ${zone.formatShort(to)}${last - first < all.count ? `, of ${formatCount(all.count)}` : ""}
      </p>
      ${
        waiting
          ? html`<button type="button" class="primary" @click=${acts.showWaiting}>
              ${formatCount(all.count)} → ${formatCount(waiting.count)}: show
            </button>`
          : ""
      }
    </div>
    <div class="row groups">
      <div class="toggles" role="group" aria-label="Period">
        ${PERIODS.map(([name, label]) => drawToggle(label, state.period === name, { period: name }))}
      </div>
      <select
        aria-label="Predicted class"
        @change=${(event) => acts.choose({ name: event.currentTarget.value || null })}
      >
        ${[null, ...classes].map(
          (name) =>
            html`<option value=${name ?? ""} .selected=${name === state.name}>${name ?? "All classes"}</option>`,
        )}
      </select>
      <div class="toggles" role="group" aria-label="Show only">
        ${drawToggle("Only misclassified", state.wrong, { wrong: !state.wrong })}
        ${drawToggle("Only refused", state.refused, { refused: !state.refused })}
      </div>
      <div class="toggles" role="group" aria-label="Times in">
        ${drawToggle("Local time", state.zone === "local", { zone: "local" })}
        ${drawToggle("UTC", state.zone === "utc", { zone: "utc" })}
      </div>
      <div class="row end" role="group" aria-label="Take away">
        <span>Link ${drawCopyButton(window.location.href, "the link to what is shown")}</span>
        <button type="button" aria-label="Download CSV" @click=${acts.downloadCsv}>CSV</button>
        <button type="button" aria-label="Download PNG" @click=${acts.downloadPng}>PNG</button>
      </div>
    </div>
    ${count === 0 ? drawNotice("No invocation is like that. Show all classes, right ones and routed ones too.") : ""}
    ${
      changed.length
        ? html`<details>
            <summary>${formatQuantity(changed.length, "change")} in service, dashed in the chart</summary>
            <ul>
              ${changed.map((change) => html`<li>${zone.formatTime(change.time)}: ${nameChange(change)}</li>`)}
            </ul>
          </details>`
        : ""
    }
    <p class="muted small">
      Times in ${zone.name}. Zoom with the buttons, the strip of volumes below the chart, or Ctrl and the wheel: all
      figures follow. Click a point to keep it. A ring is around what is known to be misclassified, where that is no
      more than ${formatCount(MOST_RINGS)}.
    </p>
  `;
}
