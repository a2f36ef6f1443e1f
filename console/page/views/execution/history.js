/* Shows the history of an execution as Step Functions keeps it: every event with its details, once it is opened. */

import { html } from "/static/lit-html/lit-html.js";
import { fetchJson } from "../../api.js";
import { drawError } from "../../parts/answers.js";
import { saveFile } from "../../parts/csv.js";
import { drawTable } from "../../parts/data_table.js";
import { formatDocument } from "../../parts/document_text.js";
import { formatOffset } from "../../parts/execution_states.js";
import { formatQuantity, formatTime } from "../../parts/format.js";

/** The events of one execution. `redraw` is called whenever there is something else to draw. */
export class EventHistory {
  #path;
  #redraw;
  #signal;
  #freshness;
  #isOpen = false;
  #events = null;
  #error = null;
  #opened = new Set();

  constructor(path, redraw, { signal, freshness }) {
    this.#path = `${path}/history`;
    this.#redraw = redraw;
    this.#signal = signal;
    this.#freshness = freshness;
  }

  /** Fetches the events anew if they are shown, for the execution has changed. */
  refresh() {
    if (this.#isOpen) this.#load();
    else this.#events = null;
  }

  /** Saves data of an event as a file, exactly as Step Functions keeps them. */
  async saveData(id, field, name) {
    if (this.#events === null) await this.#load();
    const text = this.#events?.find((event) => event.id === id)?.details[field];
    if (text !== undefined) saveFile(new Blob([text], { type: "application/json" }), name);
  }

  async #load() {
    try {
      this.#events = (await fetchJson(this.#path, this.#signal)).events;
      this.#error = null;
    } catch (error) {
      if (error.isPassing) this.#freshness.wait(error, () => this.#load());
      else this.#error = error;
    }
    if (!this.#signal.aborted) this.#redraw();
  }

  #toggle(isOpen) {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    if (isOpen && this.#events === null) this.#load();
  }

  draw({ id, started }) {
    const save = () => saveFile(new Blob([JSON.stringify(this.#events, null, 2)]), `${id}, events.json`);
    return html`<section class="card" aria-label="Event history">
      <h2>Event history</h2>
      <details @toggle=${(event) => this.#toggle(event.target.open)}>
        <summary>Every event, as Step Functions keeps it</summary>
        <div class="stack">
          ${this.#error ? drawError(this.#error, () => this.#load()) : ""}
          ${this.#events === null
            ? html`<p class="loading" role="status">Loading…</p>`
            : html`<p><button type="button" @click=${save}>Download as JSON</button></p>
                ${this.#drawEvents(started)}`}
        </div>
      </details>
    </section>`;
  }

  #drawEvents(started) {
    return drawTable(
      formatQuantity(this.#events.length, "event"),
      ["Event", "#Id", "#After", "#Time", "Details"],
      this.#events.map((event) => [
        event.type,
        String(event.id),
        event.previous ? String(event.previous) : "–",
        html`<span title=${formatTime(event.time)}>${formatOffset(event.time - started)}</span>`,
        Object.keys(event.details).length ? this.#drawDetails(event) : "none",
      ]),
      { records: true },
    );
  }

  #drawDetails({ id, details }) {
    const toggle = (event) => {
      if (event.target.open) this.#opened.add(id);
      else this.#opened.delete(id);
      this.#redraw();
    };
    const name = details.name ?? details.error ?? details.resource ?? "Details";
    return html`<details @toggle=${toggle}>
      <summary>${name}</summary>
      ${this.#opened.has(id) ? html`<pre tabindex="0">${formatDocument(details)}</pre>` : ""}
    </details>`;
  }
}
