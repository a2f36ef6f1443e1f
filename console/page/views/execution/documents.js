/* Shows data in full, with buttons that copy them and that save them as they are. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { formatDocument } from "../../parts/document_text.js";
import { formatQuantity } from "../../parts/format.js";

const SHOWN_LINES = 30;

/**
 * Draws a document under its title.
 *
 * @param {string} title
 * @param {*} value JSON, or a text.
 * @param {object} form
 * @param {string} form.name What it is of: it makes the title unique on the page.
 * @param {Set<string>} form.unfolded Names of those that are long and shown whole all the same.
 * @param {() => void} form.redraw
 * @param {() => void} [form.save] Saves the document as it is, pictures included.
 */
export function drawDocument(title, value, { name, unfolded, redraw, save }) {
  const whole = `${title} of ${name}`;
  if (value === null || value === undefined) return html`<p class="muted">${title}: none</p>`;
  const text = formatDocument(value);
  const lines = text.split("\n").length;
  const isFolded = lines > SHOWN_LINES && !unfolded.has(whole);
  const toggle = () => {
    if (!unfolded.delete(whole)) unfolded.add(whole);
    redraw();
  };
  return html`<div class="document">
    <div class="row">
      <strong>${title}</strong>
      ${drawCopyButton(text, whole)}
      ${save
        ? html`<button type="button" class="copy" aria-label="Download ${whole}" @click=${save}>Download</button>`
        : ""}
    </div>
    <pre class=${isFolded ? "folded" : ""} tabindex="0" role="group" aria-label=${whole}>${text}</pre>
    ${lines > SHOWN_LINES
      ? html`<button type="button" class="quiet" aria-expanded=${!isFolded} @click=${toggle}>
          ${isFolded ? `Show all ${formatQuantity(lines, "line")}` : "Show less"}
        </button>`
      : ""}
  </div>`;
}
