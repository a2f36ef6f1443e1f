/* Try it: photos are uploaded, and followed live through the state machine to the answer. */

import { events, json, request } from "../api.js";
import { hasCameras, openCamera } from "../parts/camera.js";
import { element } from "../parts/element.js";
import { answer, probabilityBars, stateTable } from "../parts/execution_states.js";
import { count } from "../parts/format.js";
import { errorLine, showLoaded } from "../parts/loading.js";

const LARGEST_BYTES = 10 * 1024 * 1024;
const AT_A_TIME = 4;

/* They outlive the view: whoever looks elsewhere meanwhile finds every photo sent, and its card, on coming back. */
const results = element("div", { class: "stack" });
const waiting = [];
let active = 0;

export function tryItView(content, { signal }) {
  const place = element("div", { class: "stack" });
  content.append(place);
  showLoaded(
    place,
    signal,
    () => json("/api/deployment", signal),
    (shown, deployment) => {
      const take = (files) => {
        for (const file of files) waiting.push(card(file, deployment));
        next();
      };
      const zone = dropZone(take, () => openCamera(shown, (photo) => take([photo]), signal));
      takeDropped(zone, take, signal);
      shown.append(zone, results);
    },
  );
}

function next() {
  while (active < AT_A_TIME && waiting.length) {
    active += 1;
    waiting
      .shift()()
      .finally(() => {
        active -= 1;
        next();
      });
  }
}

function dropZone(take, photograph) {
  return element(
    "section",
    { class: "drop-zone", "aria-label": "Photos to route" },
    element("h2", {}, "Drop photos here"),
    element("p", { class: "muted" }, "or choose them; each starts one execution of the state machine."),
    element(
      "div",
      { class: "row" },
      element(
        "span",
        {},
        element("input", {
          type: "file",
          id: "files",
          accept: "image/*,.heic,.heif",
          multiple: true,
          onchange: (event) => {
            take([...event.target.files]);
            event.target.value = "";
          },
        }),
        element("label", { for: "files", class: "button primary" }, "Choose photos"),
      ),
      hasCameras() ? element("button", { type: "button", onclick: photograph }, "Take a photo") : null,
    ),
  );
}

/** Takes what is dropped anywhere in the window: who misses the zone by a little means it all the same. */
function takeDropped(zone, take, signal) {
  const listen = (name, act) => window.addEventListener(name, act, { signal });
  listen("dragover", ({ dataTransfer }) => {
    dataTransfer.dropEffect = "copy";
    zone.classList.add("over");
  });
  listen("dragleave", ({ relatedTarget }) => {
    // Every element that is passed over on the way is left too; only nothing is where the window ends.
    if (relatedTarget === null) zone.classList.remove("over");
  });
  listen("drop", ({ dataTransfer }) => {
    zone.classList.remove("over");
    take([...dataTransfer.files]);
  });
}

/** Adds a card for the file; returns what uploads it and follows its execution. */
function card(file, deployment) {
  const said = element(
    "div",
    { class: "stack", "aria-live": "polite" },
    element("p", { class: "muted" }, "Waiting for its turn…"),
  );
  const live = element("div", { class: "stack" });
  const preview = element("img", {
    class: "picture",
    alt: `Your photo ${file.name}`,
    src: URL.createObjectURL(file),
  });
  preview.addEventListener("error", () =>
    preview.replaceWith(element("p", { class: "notice" }, "This browser can't show this file.")),
  );
  results.prepend(
    element(
      "article",
      { class: "card", "aria-label": `Photo ${file.name}` },
      element("h2", { class: "truncated", title: file.name }, file.name),
      element("div", { class: "side-by-side" }, preview, element("div", { class: "stack" }, said, live)),
    ),
  );
  const run = async () => {
    try {
      await route(file, said, live, deployment);
    } catch (error) {
      said.replaceChildren(errorLine(error, run));
    }
  };
  return run;
}

async function route(file, said, live, deployment) {
  if (file.size > LARGEST_BYTES) {
    said.replaceChildren(
      element(
        "p",
        { class: "notice error", role: "alert" },
        `${count(file.size)} bytes: a photo may have 10 MiB (10,485,760 bytes) at most. Make it smaller.`,
      ),
    );
    return;
  }
  said.replaceChildren(element("p", { class: "muted" }, "Uploading…"));
  const upload = await request("/api/photos", {
    method: "POST",
    body: file,
    headers: { "X-File-Name": encodeURIComponent(file.name) },
  });
  const { id } = await upload.json();
  const path = `/api/executions/${encodeURIComponent(id)}`;
  const threshold = deployment.threshold?.value ?? null;
  let outcome = null;
  for await (const execution of events(`${path}/events`)) {
    // Said again only when it changes: a screen reader reads all of it aloud.
    if (execution.outcome !== outcome) said.replaceChildren(answer(execution, threshold));
    outcome = execution.outcome;
    live.replaceChildren(
      ...[probabilityBars(execution, deployment.classes, threshold)].filter(Boolean),
      stateTable(execution.states),
      element(
        "p",
        {},
        element("a", { href: `#/executions/${encodeURIComponent(id)}` }, "The whole execution"),
      ),
    );
  }
}
