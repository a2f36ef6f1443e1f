/* Shows a picture that needs the session's token, which an img cannot send: it is fetched first. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { fetchPhoto } from "../api.js";

const REASONS = { 404: "not found", 413: "too large", 415: "not an image" };

/**
 * <photo-image path="/api/…" alt="…">: fetches its picture once it comes into view, and the next one when its path
 * changes. Where there is none it says why; with no path it says what `missing` does.
 */
class PhotoImage extends HTMLElement {
  static observedAttributes = ["path"];

  #leaving = new AbortController();
  #observer = null;

  connectedCallback() {
    this.#show();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#show();
  }

  disconnectedCallback() {
    this.#leaving.abort();
    this.#observer?.disconnect();
  }

  #show() {
    this.disconnectedCallback();
    const path = this.getAttribute("path");
    if (!path) {
      this.#say(this.getAttribute("missing") ?? "");
      return;
    }
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.#observer = new IntersectionObserver(async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.#observer.disconnect();
      try {
        const src = await fetchPhoto(path, signal);
        const alt = this.getAttribute("alt") ?? "";
        if (!signal.aborted) render(html`<img src=${src} alt=${alt} />`, this);
      } catch (error) {
        if (!signal.aborted) this.#say(REASONS[error.status] ?? "no photo", error.message);
      }
    });
    this.#observer.observe(this);
  }

  #say(words, reason = nothing) {
    render(html`<span class="muted small" title=${reason}>${words}</span>`, this);
  }
}

customElements.define("photo-image", PhotoImage);
