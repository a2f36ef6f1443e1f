/*
 * Keeps a view fresh: what it shows is fetched anew while the page is looked at, until the user pauses it. Whatever it
 * shows, it says when the server or the cloud is away.
 */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { ApiError, CLOUD, fetchJson } from "../api.js";
import { getFault, news, setLive } from "../changes.js";
import { drawError } from "./answers.js";
import { formatClock } from "./format.js";

export { news };

const STORAGE_KEY = "paused";
const PATIENCE_MILLISECONDS = 2000;
const HEALING_SECONDS = 3;

/** Says of when a view is, with a button that pauses it, and fetches anew what the view has asked it to keep. */
export class Freshness {
  #place;
  #content;
  #signal;
  #kept = new Set();
  #fault = getFault();

  /**
   * @param {Element} place Where it says so.
   * @param {Element} content What looks stale while it cannot be fetched.
   */
  constructor(place, content, signal) {
    this.#place = place;
    this.#content = content;
    this.#signal = signal;
    document.addEventListener("visibilitychange", () => this.#resume(), { signal });
    const take = ({ detail }) => {
      this.#fault = detail;
      this.#draw();
      this.refresh();
    };
    news.addEventListener("news", take, { signal });
    signal.addEventListener("abort", () => {
      for (const kept of this.#kept) clearTimeout(kept.timer);
      setLive(false);
    });
    this.#resume();
  }

  /**
   * Fetches anew every so many seconds from now on, and more often while the server or the cloud is away.
   *
   * @param {() => Promise<void>} load Fetches and draws; what it throws is said, and it is tried again.
   * @param {number|null} seconds Null for something that is fetched until that succeeds.
   * @param {ApiError|null} error Why it could not be fetched yet.
   * @param {AbortSignal} signal Ends it, where that is to be before the view ends.
   */
  keep(load, seconds, error = null, signal = this.#signal) {
    if (this.#signal.aborted || signal.aborted) return;
    const asOf = error ? null : getNow();
    const kept = { load, seconds, error, asOf, timer: 0, isOverdue: false, isLoading: false, isLate: false };
    this.#kept.add(kept);
    this.#schedule(kept);
    this.#resume();
    signal.addEventListener("abort", () => {
      clearTimeout(kept.timer);
      this.#kept.delete(kept);
      this.#draw();
    });
  }

  /**
   * Says why something failed until whatever was away answers again.
   *
   * @param {ApiError} error One that is passing.
   * @param {() => void} end Called then.
   */
  wait(error, end) {
    const ask = async () => {
      await fetchJson("/api/reviews/waiting", this.#signal);
      end();
    };
    this.keep(ask, null, error);
  }

  /** Fetches all now that it keeps, if the page is looked at and is not paused. */
  refresh() {
    for (const kept of this.#kept) if (this.#isWatched(kept)) this.#load(kept);
  }

  get isPaused() {
    return sessionStorage.getItem(STORAGE_KEY) !== null;
  }

  #isWatched({ asOf, error }) {
    const isSeen = document.visibilityState === "visible" && !this.#signal.aborted;
    // What is not there yet is fetched in a pause, too. A server with another page answers this one no more.
    return isSeen && !(this.isPaused && asOf) && error?.status !== 401;
  }

  /** Goes on with what fell due while nobody looked, or while it was paused. */
  #resume() {
    const watched = [...this.#kept].filter((kept) => this.#isWatched(kept));
    for (const kept of watched) if (kept.isOverdue) this.#load(kept);
    setLive(document.visibilityState === "visible" && !this.#signal.aborted);
    this.#draw();
  }

  #schedule(kept) {
    clearTimeout(kept.timer);
    const seconds = kept.error?.isPassing ? HEALING_SECONDS : kept.seconds;
    const act = () => {
      if (this.#isWatched(kept)) this.#load(kept);
      else kept.isOverdue = true;
    };
    if (seconds !== null) kept.timer = setTimeout(act, seconds * 1000);
  }

  async #load(kept) {
    if (kept.isLoading) return;
    Object.assign(kept, { isLoading: true, isOverdue: false });
    clearTimeout(kept.timer);
    const late = setTimeout(() => {
      kept.isLate = true;
      this.#draw();
    }, PATIENCE_MILLISECONDS);
    try {
      await kept.load();
      Object.assign(kept, { asOf: getNow(), error: null });
      if (kept.seconds === null) this.#kept.delete(kept);
    } catch (error) {
      if (!this.#signal.aborted && !(error instanceof ApiError)) console.error(error);
      kept.error = error;
    } finally {
      clearTimeout(late);
      Object.assign(kept, { isLoading: false, isLate: false });
      if (!this.#signal.aborted) {
        if (this.#kept.has(kept)) this.#schedule(kept);
        this.#resume();
      }
    }
  }

  #toggle() {
    if (this.isPaused) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, "");
    this.refresh();
    this.#resume();
  }

  #draw() {
    if (this.#signal.aborted) return;
    const kept = [...this.#kept];
    const error = kept.find((one) => one.error)?.error ?? this.#fault;
    const isLate = kept.some((one) => one.isLate);
    const times = kept.filter((one) => one.asOf && one.seconds !== null).map((one) => one.asOf);
    this.#content.classList.toggle("stale", isLate || error !== null);
    const clock = times.length ? this.#drawClock(Math.min(...times), isLate && !error) : nothing;
    const fault = error ? drawError(error, kept.length ? () => this.refresh() : null) : nothing;
    // Nothing in between: an empty place takes no room.
    render([clock, fault], this.#place);
  }

  #drawClock(asOf, isLate) {
    return html`<div class="row as-of">
      <span class="truncated"
        >${this.isPaused ? "Paused, as" : "As"} of ${formatClock(asOf)}${isLate
          ? `. Still waiting for ${CLOUD}…`
          : nothing}</span
      >
      <button type="button" class="quiet" @click=${() => this.#toggle()}>${this.isPaused ? "Resume" : "Pause"}</button>
    </div>`;
  }
}

const getNow = () => Date.now() / 1000;
