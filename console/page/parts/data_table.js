/* Draws tables with a caption, and with headings that belong to columns and rows. */

import { html } from "/static/lit-html/lit-html.js";

/**
 * Draws a table in a region that scrolls sideways where it is too wide; with `records` it turns into cards on a narrow
 * screen: one for each row, its heading, and below it each cell under its column's name.
 *
 * @param {string} caption What it holds.
 * @param {string[]} columns Their headings; a column whose heading starts with "#" has numbers, to the right.
 * @param {Array<Array<*>>} rows Cells that lit-html renders; the first of each row is its heading.
 * @param {{records: boolean}} [form]
 */
export function drawTable(caption, columns, rows, { records = false } = {}) {
  const classes = columns.map((column) => (column.startsWith("#") ? "number" : ""));
  const names = columns.map((column) => column.replace(/^#/, ""));
  const drawCell = (cell, index) =>
    index === 0
      ? html`<th scope="row" class=${classes[index]} data-column=${names[index]}>${cell}</th>`
      : html`<td class=${classes[index]} data-column=${names[index]}>${cell}</td>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${caption}>
    <table class=${records ? "records" : ""}>
      <caption>${caption}</caption>
      <thead>
        <tr>${names.map((name, index) => html`<th scope="col" class=${classes[index]}>${name}</th>`)}</tr>
      </thead>
      <tbody>${rows.map((cells) => html`<tr>${cells.map(drawCell)}</tr>`)}</tbody>
    </table>
  </div>`;
}
