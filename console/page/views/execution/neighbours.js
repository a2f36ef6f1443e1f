/* Leads from an execution to those beside it in the list from which the user came, and back to that list. */

import { html } from "/static/lit-html/lit-html.js";
import { fetchJson } from "../../api.js";
import { linkExecution } from "../../parts/execution_link.js";
import { createQuery } from "../executions/query.js";

const MOST_PAGES = 5;

/**
 * Finds the executions beside one in a list.
 *
 * @param {string|null} list The parameters of the list's address; null for all executions.
 * @returns {Promise<{newer: object|null, older: object|null}|null>} null if the list does not have it any more, or not
 *   in its first pages.
 */
export async function findNeighbours(id, list, signal) {
  try {
    const query = createQuery(new URLSearchParams(list ?? ""));
    const seen = [];
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { executions, cursor } = await fetchJson(`/api/executions?${query}`, signal);
      seen.push(...executions);
      const index = seen.findIndex((execution) => execution.id === id);
      // The last one of a page has its neighbour on the next.
      if (index >= 0 && (index < seen.length - 1 || !cursor)) {
        return { newer: seen[index - 1] ?? null, older: seen[index + 1] ?? null };
      }
      if (!cursor) return null;
      query.set("cursor", cursor);
    }
  } catch {
    // Whoever is shown an execution can do without.
  }
  return null;
}

/** Draws the links. */
export function drawNeighbours(list, neighbours) {
  const from = list === null ? null : new URLSearchParams({ "from-list": list });
  const drawLink = (neighbour, words) =>
    neighbour
      ? html`<a href=${linkExecution(neighbour, from)} title=${neighbour.name ?? neighbour.id}>${words}</a>`
      : html`<span class="muted" aria-disabled="true">${words}</span>`;
  return html`<nav class="row neighbours" aria-label="Executions beside this one">
    <a href=${list ? `#/executions?${list}` : "#/executions"}>${list ? "Back to the filtered list" : "All executions"}</a>
    ${neighbours
      ? html`<span class="row end">${drawLink(neighbours.older, "← older")} ${drawLink(neighbours.newer, "newer →")}</span>`
      : ""}
  </nav>`;
}
