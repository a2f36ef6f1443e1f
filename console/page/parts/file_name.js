/* Shows names of files: whole where there is room, else cut in the middle, for it is the end that tells them apart. */

import { html } from "/static/lit-html/lit-html.js";

const KEPT_CHARACTERS = 12;

/** Draws a file's name, with the whole of it, or of `title`, to be read on demand. */
export function drawFileName(name, title = name) {
  // By code points: half of a surrogate pair is no character.
  const characters = [...name];
  const end = characters.slice(-KEPT_CHARACTERS).join("");
  const beginning = characters.slice(0, -KEPT_CHARACTERS).join("");
  return html`<bdi class="file-name" title=${title}><span>${beginning}</span><span>${end}</span></bdi>`;
}
