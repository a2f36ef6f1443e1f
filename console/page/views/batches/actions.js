/* Acts on a batch: cancels it, asks again for what failed, and saves what it wrote. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { request } from "../../api.js";
import { Acting } from "../../parts/acting.js";
import { drawError } from "../../parts/answers.js";
import { saveFile } from "../../parts/csv.js";

const FILES = ["routes.csv", "routes.jsonl", "summary.json"];

/** The actions on one batch. `redraw` is called whenever there is something else to draw. */
export class Actions {
  #path;
  #reload;
  #acting;

  /** @param {() => Promise<void>} reload Fetches and draws the batch anew. */
  constructor(path, redraw, reload, freshness) {
    this.#path = path;
    this.#reload = reload;
    this.#acting = new Acting(redraw, freshness);
  }

  draw({ id, state, redrivable, summary }) {
    const post = (name) => () =>
      this.#acting.act(name, async () => {
        await request(`${this.#path}/${name}`, { method: "POST" });
        await this.#reload();
      });
    const save = (file) => () =>
      this.#acting.act(file, async () => {
        const answer = await request(`${this.#path}/files/${file}`);
        saveFile(await answer.blob(), `${id}, ${file}`);
      });
    return html`<div class="row">
        ${state === "running" ? this.#drawButton("cancel", "Cancel", "Cancelling…", post("cancel")) : nothing}
        ${redrivable ? this.#drawButton("redrive", "Ask again for what failed", "Redriving…", post("redrive")) : nothing}
        ${summary ? FILES.map((file) => this.#drawButton(file, `Download ${file}`, "Downloading…", save(file))) : nothing}
      </div>
      ${summary
        ? html`<p class="small muted">
            These files, and photos uploaded for the batch, expire after <code>capture_days</code>: 30 days, unless that
            setting is changed.
          </p>`
        : nothing}
      ${this.#acting.error ? drawError(this.#acting.error) : nothing}`;
  }

  #drawButton(name, words, meanwhile, click) {
    return html`<button type="button" ?disabled=${this.#acting.isBusy} @click=${click}>
      ${this.#acting.isDoing(name) ? meanwhile : words}
    </button>`;
  }
}
