/* Fills a place with an answer of the API: until then it says that it loads, then what is missing or went wrong. */

import { ApiError, fetchJson } from "../api.js";
import { create } from "./element.js";

/** Returns a line for the place of something that is missing; it says what to do. */
export function createEmptyState(line) {
  return create("p", { class: "notice" }, line);
}

/** Returns an error in one line, with a button that does what may help. */
export function createErrorLine(error, retry) {
  const remedy = createRemedy(error.status, retry);
  return create("p", { class: "notice error", role: "alert" }, error.message, " ", remedy);
}

function createRemedy(status, retry) {
  const createButton = (label, onclick) => create("button", { type: "button", onclick }, label);
  // A server that was started again has another token, which only a new page brings.
  if (status === 401) return createButton("Load the page anew", () => window.location.reload());
  // Any other 4xx is about the request: its answer would be the same again.
  return status >= 400 && status < 500 ? null : createButton("Try again", retry);
}

/**
 * Fetches JSON and shows it in a place, which is emptied before.
 *
 * @param {string[]} paths The paths to fetch.
 * @param {(place: Element, ...answers: object[]) => Promise|void} show Fills the place.
 * @param {AbortSignal} signal Aborted when the user leaves the view: nothing is shown then.
 */
export async function showAnswers(place, paths, show, signal) {
  place.setAttribute("aria-busy", "true");
  place.replaceChildren(create("p", { class: "loading", role: "status" }, "Loading…"));
  try {
    const answers = await Promise.all(paths.map((path) => fetchJson(path, signal)));
    if (signal.aborted) return;
    place.replaceChildren();
    const missing = answers.find((answer) => answer.missing);
    if (missing) place.append(createEmptyState(missing.missing));
    else await show(place, ...answers);
  } catch (error) {
    if (signal.aborted) return;
    place.replaceChildren(createErrorLine(error, () => showAnswers(place, paths, show, signal)));
    if (!(error instanceof ApiError)) console.error(error);
  } finally {
    place.removeAttribute("aria-busy");
  }
}
