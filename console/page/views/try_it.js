/* Uploads photos, and follows each live through the state machine to the answer. */

import { readEvents, request } from "../api.js";
import { hasCameras, openCamera } from "../parts/camera.js";
import { create } from "../parts/element.js";
import { createAnswer, createAnswerBars, createStateTable } from "../parts/execution_states.js";
import { formatCount } from "../parts/format.js";
import { createErrorLine, showAnswers } from "../parts/loading.js";

const LARGEST_BYTES = 10 * 1024 * 1024;
const AT_A_TIME = 4;

/* These outlive the view: photos are sent while the user looks at another one, and their cards are there again. */
const results = create("div", { class: "stack" });
const waiting = [];
let active = 0;

export function showTryIt(content, { signal }) {
  const place = create("div", { class: "stack" });
  content.append(place);
  const show = (shown, deployment) => {
    const take = (files) => {
      for (const file of files) waiting.push(addPhoto(file, deployment));
      startWaiting();
    };
    const zone = createDropZone(take, () => openCamera(shown, (photo) => take([photo]), signal));
    takeDropped(zone, take, signal);
    shown.append(zone, results);
  };
  showAnswers(place, ["/api/deployment"], show, signal);
}

function startWaiting() {
  while (active < AT_A_TIME && waiting.length) {
    active += 1;
    waiting
      .shift()()
      .finally(() => {
        active -= 1;
        startWaiting();
      });
  }
}

function createDropZone(take, photograph) {
  return create(
    "section",
    { class: "drop-zone", "aria-label": "Photos to route" },
    create("h2", {}, "Drop photos here"),
    create("p", { class: "muted" }, "or choose them; each starts one execution of the state machine."),
    create(
      "div",
      { class: "row" },
      create(
        "span",
        {},
        create("input", {
          type: "file",
          id: "files",
          accept: "image/*,.heic,.heif,.avif",
          multiple: true,
          onchange: (event) => {
            take([...event.target.files]);
            event.target.value = "";
          },
        }),
        create("label", { for: "files", class: "button primary" }, "Choose photos"),
      ),
      hasCameras() ? create("button", { type: "button", onclick: photograph }, "Take a photo") : null,
    ),
  );
}

/** Takes what is dropped anywhere in the window: whoever misses the zone by a little means it all the same. */
function takeDropped(zone, take, signal) {
  const listen = (name, act) => window.addEventListener(name, act, { signal });
  listen("dragover", ({ dataTransfer }) => {
    dataTransfer.dropEffect = "copy";
    zone.classList.add("over");
  });
  listen("dragleave", ({ relatedTarget }) => {
    // The pointer leaves every element on its way; only where it leaves the window it goes to none.
    if (relatedTarget === null) zone.classList.remove("over");
  });
  listen("drop", ({ dataTransfer }) => {
    zone.classList.remove("over");
    take([...dataTransfer.files]);
  });
}

/** Adds a card for the file; returns a function that uploads the file and follows its execution. */
function addPhoto(file, deployment) {
  const status = create(
    "div",
    { class: "stack", "aria-live": "polite" },
    create("p", { class: "muted" }, "Waiting for its turn…"),
  );
  const live = create("div", { class: "stack" });
  const preview = create("img", {
    class: "picture",
    alt: `Your photo ${file.name}`,
    src: URL.createObjectURL(file),
  });
  preview.addEventListener("error", () =>
    preview.replaceWith(create("p", { class: "notice" }, "This browser cannot show this file.")),
  );
  results.prepend(
    create(
      "article",
      { class: "card", "aria-label": `Photo ${file.name}` },
      create("h2", { class: "truncated", title: file.name }, file.name),
      create("div", { class: "side-by-side" }, preview, create("div", { class: "stack" }, status, live)),
    ),
  );
  const run = async () => {
    try {
      await route(file, status, live, deployment);
    } catch (error) {
      status.replaceChildren(createErrorLine(error, run));
    }
  };
  return run;
}

async function route(file, status, live, deployment) {
  if (file.size > LARGEST_BYTES) {
    status.replaceChildren(
      create(
        "p",
        { class: "notice error", role: "alert" },
        `${formatCount(file.size)} bytes: a photo may have 10 MiB (10,485,760 bytes) at most. Make it smaller.`,
      ),
    );
    return;
  }
  status.replaceChildren(create("p", { class: "muted" }, "Uploading…"));
  const upload = await request("/api/photos", {
    method: "POST",
    body: file,
    headers: { "X-File-Name": encodeURIComponent(file.name) },
  });
  const { id } = await upload.json();
  const path = `/api/executions/${encodeURIComponent(id)}`;
  const threshold = deployment.threshold?.value ?? null;
  let outcome = null;
  for await (const execution of readEvents(`${path}/events`)) {
    // Only a change replaces it, since a screen reader reads all of it aloud.
    if (execution.outcome !== outcome) status.replaceChildren(createAnswer(execution));
    outcome = execution.outcome;
    live.replaceChildren(
      ...[createAnswerBars(execution, deployment.classes, threshold)].filter(Boolean),
      createStateTable(execution.states),
      create("p", {}, create("a", { href: `#/executions/${encodeURIComponent(id)}` }, "The whole execution")),
    );
  }
}
