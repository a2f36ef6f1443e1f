/* Creates tables with a caption, and with headings that belong to columns and rows. */

import { create } from "./element.js";

/**
 * Returns a table in a region that scrolls sideways where it is too wide.
 *
 * @param {string} caption What it holds.
 * @param {string[]} columns Their headings; a column whose heading starts with "#" has numbers, to the right.
 * @param {Array<Array<Node|string>>} rows The first cell of each is its heading.
 * @param {{records: boolean}} [form]
 */
export function createTable(caption, columns, rows, { records = false } = {}) {
  const classes = columns.map((column) => (column.startsWith("#") ? "number" : null));
  const names = columns.map((column) => column.replace(/^#/, ""));
  const createCell = (cell, index) =>
    create(
      index === 0 ? "th" : "td",
      { scope: index === 0 ? "row" : null, class: classes[index], "data-column": names[index] },
      cell,
    );
  const headings = names.map((name, index) => create("th", { scope: "col", class: classes[index] }, name));
  return create(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    create(
      "table",
      { class: records ? "records" : null },
      create("caption", {}, caption),
      create("thead", {}, create("tr", {}, headings)),
      create(
        "tbody",
        {},
        rows.map((cells) => create("tr", {}, cells.map(createCell))),
      ),
    ),
  );
}

/**
 * Returns a table that turns into cards on a narrow screen, one for each row: its heading, and below it each cell
 * under its column's name. The arguments are those of createTable().
 */
export const createRecordTable = (caption, columns, rows) =>
  createTable(caption, columns, rows, { records: true });
