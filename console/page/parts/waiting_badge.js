/* Shows beside the name of the view Review how many photos wait for a person. */

import { fetchJson } from "../api.js";
import { formatCount } from "./format.js";

const MOST_SHOWN = 999;
const badge = document.getElementById("waiting");
let isAsking = false;

/** Asks the server how many wait, and shows it. What keeps the answer away is told by the views themselves. */
export async function refreshWaiting() {
  if (isAsking || document.visibilityState !== "visible") return;
  isAsking = true;
  const { waiting } = await fetchJson("/api/reviews/waiting").catch(() => ({}));
  isAsking = false;
  if (waiting !== undefined) showWaiting(waiting);
}

/** Shows a number of photos; nothing where none waits. */
export function showWaiting(waiting) {
  badge.hidden = waiting <= 0;
  badge.querySelector("b").textContent =
    waiting > MOST_SHOWN ? `${formatCount(MOST_SHOWN)}+` : formatCount(waiting);
}
