/* Acts on an execution: runs it again, lets it go on where it failed, and takes its input for a new one. */

import { html } from "/static/lit-html/lit-html.js";
import { request } from "../../api.js";
import { Acting } from "../../parts/acting.js";
import { drawNotStarted } from "../../parts/answers.js";

/** The actions on one execution. `redraw` is called whenever there is something else to draw. */
export class Actions {
  #path;
  #reload;
  #acting;

  /** @param {() => void} reload Called once the execution runs again itself. */
  constructor(path, redraw, reload, freshness) {
    this.#path = path;
    this.#reload = reload;
    this.#acting = new Acting(redraw, freshness);
  }

  #post(name, then) {
    return this.#acting.act(name, async () => {
      const answer = await request(`${this.#path}/${name}`, { method: "POST" });
      await then(await answer.json());
    });
  }

  draw({ id, outcome, redrive }) {
    const again = () =>
      this.#post("again", (started) => {
        window.location.hash = `#/executions/${encodeURIComponent(started.id)}`;
      });
    const goOn = () => this.#post("redrive", this.#reload);
    const { isBusy, error } = this.#acting;
    return html`<div class="row">
        ${outcome === "running"
          ? ""
          : html`<button type="button" ?disabled=${isBusy} @click=${again}>
              ${this.#acting.isDoing("again") ? "Starting…" : "Run again"}
            </button>`}
        ${redrive.would_help
          ? html`<button type="button" ?disabled=${isBusy} @click=${goOn}>
              ${this.#acting.isDoing("redrive") ? "Redriving…" : "Redrive"}
            </button>`
          : ""}
        <a class="button" href="#/new-execution?from=${encodeURIComponent(id)}">New execution from this input</a>
        ${redrive.why_not && outcome === "failed"
          ? html`<span class="muted small">${redrive.why_not}; Run again starts from the beginning.</span>`
          : ""}
      </div>
      ${error ? drawNotStarted(error) : ""}`;
  }
}
