/* What stands where an answer of the API is awaited: that it loads, what is missing, or what went wrong. */

import { ApiError } from "./api.js";
import { element } from "./element.js";

/** A line in place of something that is not there; it says what to do. */
export function emptyState(line) {
  return element("p", { class: "notice" }, line);
}

/** An error in one line, and a button that tries again. */
export function errorLine(message, retry) {
  return element(
    "p",
    { class: "notice error", role: "alert" },
    message,
    " ",
    element("button", { type: "button", onclick: retry }, "Try again"),
  );
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
    place.replaceChildren(errorLine(error.message, () => showLoaded(place, signal, load, show)));
    if (!(error instanceof ApiError)) console.error(error);
  } finally {
    place.removeAttribute("aria-busy");
  }
}
