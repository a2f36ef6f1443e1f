/* Shows the API's answers in a place: until they are there that it waits, then what is missing or went wrong. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { ApiError, CLOUD, fetchJson } from "../api.js";
import { drawCopyButton } from "./copy_button.js";

const PATIENCE_MILLISECONDS = 2000;

/** Returns a line for the place of something that is missing; it says what to do. */
export const drawNotice = (line) => html`<p class="notice">${line}</p>`;

/** Returns an error in one line with the command that helps, if one does, and a button that tries again. */
export function drawError(error, retry = null) {
  return html`<p class="notice error" role="alert">
    ${error.message}
    ${error.command
      ? html`<code>${error.command}</code> ${drawCopyButton(error.command, "the command")}`
      : nothing}
    ${drawRemedy(error, retry)}
  </p>`;
}

/** Returns why nothing was started; what is away the view says itself, until it is back. */
export function drawNotStarted(error) {
  return error.isPassing ? drawNotice("Not started. Start it again once that is over.") : drawError(error);
}

function drawRemedy({ status }, retry) {
  // A server with another page has another token, which only that page brings.
  if (status === 401) {
    return html`<button type="button" @click=${() => window.location.reload()}>Reload the page</button>`;
  }
  // Any other 4xx is about the request: its answer would be the same again.
  if (!retry || (status >= 400 && status < 500)) return nothing;
  return html`<button type="button" @click=${retry}>Try again</button>`;
}

/**
 * Fetches JSON and draws it in a place, which nothing else writes to. An answer that has `missing` is shown as what
 * is missing. Where the cloud or the server is away the view says so, once for all of its places, and it is asked
 * again until it is back.
 *
 * @param {string[]|(() => string[])} paths The paths to fetch; a function is asked at each fetch.
 * @param {(...answers: object[]) => *} draw Returns what lit-html renders.
 * @param {{signal: AbortSignal, freshness: Freshness}} context The view's: nothing is drawn once the user left it.
 * @param {number|null} seconds How often the answers are fetched anew while the page is looked at; null for never.
 * @returns {{load: () => Promise<void>, redraw: () => void}} Fetches and draws now; draws what was fetched last.
 */
export function showAnswers(place, paths, draw, { signal, freshness }, seconds = null) {
  let answers = null;
  const redraw = () => {
    const missing = answers?.find((answer) => answer.missing);
    if (answers) render(missing ? drawNotice(missing.missing) : draw(...answers), place);
  };
  const load = async () => {
    const wanted = typeof paths === "function" ? paths() : paths;
    const fetched = await Promise.all(wanted.map((path) => fetchJson(path, signal)));
    if (signal.aborted) return;
    answers = fetched;
    redraw();
  };
  const begin = async () => {
    place.setAttribute("aria-busy", "true");
    const say = (line) => render(html`<p class="loading" role="status">${line}</p>`, place);
    say("Loading…");
    const late = setTimeout(() => say(`Still waiting for ${CLOUD}…`), PATIENCE_MILLISECONDS);
    try {
      await load();
      if (seconds !== null && !signal.aborted) freshness.keep(load, seconds);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) console.error(error);
      render(error.isPassing ? nothing : drawError(error, begin), place);
      if (error.isPassing) freshness.keep(load, seconds, error);
    } finally {
      clearTimeout(late);
      // Another one may have begun in this place meanwhile.
      if (!signal.aborted) place.removeAttribute("aria-busy");
    }
  };
  begin();
  return { load, redraw };
}
