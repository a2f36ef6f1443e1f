/* Copies a text to the clipboard. */

import { html } from "/static/lit-html/lit-html.js";

const SAID_MILLISECONDS = 2000;

/** Draws a button that copies a text; `name` says what of, for whoever does not see where the button stands. */
export const drawCopyButton = (text, name) =>
  html`<button type="button" class="copy" aria-label="Copy ${name}" @click=${(event) => copy(event.currentTarget, text)}>
    Copy
  </button>`;

async function copy(button, text) {
  // lit-html owns the text inside; what was done is said beside it, by the style sheet and to a screen reader.
  try {
    await navigator.clipboard.writeText(text);
    button.dataset.said = "Copied";
  } catch {
    button.dataset.said = "Not copied: the browser does not allow it";
  }
  setTimeout(() => delete button.dataset.said, SAID_MILLISECONDS);
}
