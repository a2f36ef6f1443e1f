/* The place to give photos in: dropped, chosen, pasted, taken with the camera, or some of the data set's. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { classMap } from "/static/lit-html/directives/class-map.js";
import { showAnswers } from "../../parts/answers.js";
import { hasCameras, openCamera } from "../../parts/camera.js";
import { drawClass } from "../../parts/class_mark.js";
import "../../parts/photo_image.js";
import { collectChosen, collectDropped } from "./files.js";

const NAMED_CLASSES = 6;
const FOLDERS = "webkitdirectory" in HTMLInputElement.prototype;

/** The zone of a view; `redraw` draws the view anew. */
export class DropZone {
  #batch;
  #context;
  #redraw;
  #cameraPlace;
  #samplesPlace = null;
  #isOver = false;

  constructor(batch, cameraPlace, redraw, context) {
    this.#batch = batch;
    this.#cameraPlace = cameraPlace;
    this.#redraw = redraw;
    this.#context = context;
    this.#listen();
  }

  draw({ classes, other_class: other }) {
    const zone = classMap({ "drop-zone": true, over: this.#isOver, compact: this.#batch.photos.length > 0 });
    return html`<section class=${zone} aria-label="Photos to route">
      <h2>Drop photos here, or choose them</h2>
      <p class="muted">
        Each is run through the workflow. ${describeClasses(classes, other)}
        <span class="hint">A folder can be dropped, and a picture pasted, too.</span>
      </p>
      <div class="row">
        ${this.#drawChooser("files", "Choose photos", "button primary", false)}
        ${FOLDERS ? this.#drawChooser("folder", "Choose a folder", "button", true) : nothing}
        ${hasCameras() ? html`<button type="button" @click=${() => this.#photograph()}>Take a photo</button>` : nothing}
        <button type="button" aria-expanded=${this.#samplesPlace !== null} @click=${() => this.#toggleSamples(classes)}>
          Try one of the test photos
        </button>
      </div>
      ${this.#samplesPlace ?? nothing}
    </section>`;
  }

  #drawChooser(id, words, className, isFolder) {
    const take = ({ target }) => {
      this.#take(collectChosen(target.files));
      target.value = "";
    };
    // A folder is given as a whole; what is no image in it is named.
    return html`<span
      >${isFolder
        ? html`<input type="file" id=${id} webkitdirectory @change=${take} />`
        : html`<input type="file" id=${id} accept="image/*,.heic,.heif,.avif,.tif,.tiff" multiple @change=${take} />`}<label
        for=${id}
        class=${className}
        >${words}</label
      ></span
    >`;
  }

  #take(collected) {
    this.#batch.addFiles(collected);
  }

  #photograph() {
    openCamera(this.#cameraPlace, (photo) => this.#take(collectChosen([photo])), this.#context.signal);
  }

  #toggleSamples(classes) {
    this.#samplesPlace = this.#samplesPlace ? null : document.createElement("div");
    if (this.#samplesPlace) {
      this.#samplesPlace.className = "sample-place";
      const draw = ({ samples }) => this.#drawSamples(samples, classes);
      showAnswers(this.#samplesPlace, ["/api/samples"], draw, this.#context);
    }
    this.#redraw();
  }

  #drawSamples(samples, classes) {
    return html`<div class="samples" role="group" aria-label="Test photos">
      ${samples.map(
        (sample) =>
          html`<button type="button" title=${sample.name} @click=${() => this.#batch.addSample(sample)}>
            <photo-image path=${sample.picture} alt=""></photo-image>${drawClass(classes, sample.label)}
            <span class="unseen">${sample.name}</span>
          </button>`,
      )}
    </div>`;
  }

  /** Takes what is dropped anywhere in the window: whoever misses the zone by a little means it all the same. */
  #listen() {
    const listen = (name, act) => window.addEventListener(name, act, { signal: this.#context.signal });
    const show = (isOver) => {
      if (this.#isOver === isOver) return;
      this.#isOver = isOver;
      this.#redraw();
    };
    listen("dragover", ({ dataTransfer }) => {
      dataTransfer.dropEffect = "copy";
      show(true);
    });
    // The pointer leaves every element on its way; only where it leaves the window it goes to none.
    listen("dragleave", ({ relatedTarget }) => relatedTarget === null && show(false));
    listen("drop", async ({ dataTransfer }) => {
      show(false);
      this.#take(await collectDropped(dataTransfer));
    });
    listen("paste", ({ clipboardData }) => this.#take(collectChosen(clipboardData.files)));
  }
}

function describeClasses(classes, other) {
  const known = classes.filter((name) => name !== other);
  const more = known.length - NAMED_CLASSES;
  const named = more > 0 ? [...known.slice(0, NAMED_CLASSES), `${more} more`] : known;
  const list = new Intl.ListFormat("en").format(named);
  if (other) return `The model knows ${list}, and refuses a picture that looks more like something else (${other}).`;
  return `The model knows ${list} only: whatever else a picture shows, it is called one of them.`;
}
