/* Tables: with a caption, and headings that belong to columns and rows. */

import { element } from "./element.js";

const plain = (column) => column.replace(/^#/, "");

/**
 * Returns a table of records, which on a narrow screen become cards: a heading each, and below it every column with
 * its name.
 *
 * The arguments are those of dataTable().
 */
export function recordTable(caption, columns, rows) {
  const shown = dataTable(caption, columns, rows);
  shown.querySelector("table").classList.add("records");
  for (const row of shown.querySelectorAll("tbody tr"))
    for (const [index, cell] of [...row.cells].entries()) cell.dataset.column = plain(columns[index]);
  return shown;
}

/**
 * Returns a table in a region that scrolls sideways where it is too wide.
 *
 * @param {string} caption What it holds.
 * @param {string[]} columns Their headings; one that starts with "#" is of numbers, to the right.
 * @param {Array<Array<Node|string>>} rows The first cell of each is its heading.
 */
export function dataTable(caption, columns, rows) {
  const isNumber = columns.map((name) => name.startsWith("#"));
  const kind = (index) => (isNumber[index] ? "number" : null);
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", {}, caption),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          columns.map((name, index) =>
            element("th", { scope: "col", class: kind(index) }, plain(name)),
          ),
        ),
      ),
      element(
        "tbody",
        {},
        rows.map((cells) =>
          element(
            "tr",
            {},
            cells.map((cell, index) =>
              index === 0
                ? element("th", { scope: "row", class: kind(0) }, cell)
                : element("td", { class: kind(index) }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}

/** A table that stands closed below its chart, for whoever does not see the chart. */
export function tableOfChart(table) {
  return element("details", {}, element("summary", {}, "The same as a table"), table);
}
