/* What stands where an answer of the API is awaited: that it loads, what is missing, or what went wrong. */

import { ApiError } from "../api.js";
import { element } from "./element.js";

/** A line in place of something that is not there; it says what to do. */
export function emptyState(line) {
  return element("p", { class: "notice" }, line);
}

/** An error in one line, and a button that does what may help. */
export function errorLine(error, retry) {
  return element("p", { class: "notice error", role: "alert" }, error.message, " ", remedy(error.status, retry));
}

function remedy(status, retry) {
  const button = (label, onclick) => element("button", { type: "button", onclick }, label);
  // A server that was started again has another token, which only a new page brings.
  if (status === 401) return button("Load the page anew", () => window.location.reload());
  // Any other 4xx is about what was asked: it would be answered the same again.
  return status >= 400 && status < 500 ? null : button("Try again", retry);
}

/**
 * Shows in a place what `load` resolves to, drawn by `show(place, answer)`.
 *
 * @param {Element} place Where; it is emptied before.
 * @param {AbortSignal} signal Aborted when the view is left: nothing is shown then.
 */
export async function showLoaded(place, signal, load, show) {
  place.setAttribute("aria-busy", "true");
  place.replaceChildren(element("p", { class: "loading", role: "status" }, "Loading…"));
  try {
    const answer = await load();
    if (signal.aborted) return;
    place.replaceChildren();
    if (answer?.missing) place.append(emptyState(answer.missing));
    else await show(place, answer);
  } catch (error) {
    if (signal.aborted) return;
    place.replaceChildren(errorLine(error, () => showLoaded(place, signal, load, show)));
    if (!(error instanceof ApiError)) console.error(error);
  } finally {
    place.removeAttribute("aria-busy");
  }
}
