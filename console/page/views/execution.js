/* One execution: its photo, its answer, the state machine as a graph, and each state. */

import { events, json } from "../api.js";
import { element } from "../parts/element.js";
import { answer, probabilityBars, readable, stateTable } from "../parts/execution_states.js";
import { time } from "../parts/format.js";
import { errorLine, showLoaded } from "../parts/loading.js";
import { photoImage } from "../parts/photo_image.js";
import { stateGraph } from "../parts/state_graph.js";

export function executionView(content, { signal, identifier }) {
  const place = element("div", { class: "stack" });
  content.append(element("p", {}, element("a", { href: "#/executions" }, "All executions")), place);
  const path = `/api/executions/${encodeURIComponent(identifier)}`;
  const load = () => Promise.all([json(path, signal), json("/api/deployment", signal)]);
  showLoaded(place, signal, load, async (shown, [execution, deployment]) => {
    const draw = (present) => shown.replaceChildren(...parts(present, deployment, path, signal));
    draw(execution);
    if (execution.outcome === "running") await follow(`${path}/events`, shown, draw, signal);
  });
}

async function follow(path, shown, draw, signal) {
  try {
    for await (const execution of events(path, signal)) draw(execution);
  } catch (error) {
    if (!signal.aborted)
      shown.prepend(errorLine(error, () => window.dispatchEvent(new Event("hashchange"))));
  }
}

function parts(execution, deployment, path, signal) {
  const threshold = deployment.threshold?.value ?? null;
  return [
    element(
      "div",
      { class: "side-by-side" },
      element(
        "section",
        { class: "card", "aria-labelledby": "answer" },
        element("h2", { id: "answer" }, "Answer"),
        photoImage(`${path}/photo`, `Photo ${execution.name ?? ""}`, "picture", signal),
        element("div", { class: "stack", "aria-live": "polite" }, answer(execution, threshold)),
        probabilityBars(execution, deployment.classes, threshold),
        element(
          "dl",
          {},
          element("dt", {}, "Photo"),
          element("dd", {}, execution.bucket ? `s3://${execution.bucket}/${execution.key}` : "–"),
          element("dt", {}, "Started"),
          element("dd", {}, time(execution.started)),
          element("dt", {}, "Execution"),
          element("dd", {}, execution.id),
        ),
        execution.link
          ? element(
              "p",
              {},
              element(
                "a",
                { href: execution.link, target: "_blank", rel: "noopener noreferrer" },
                "Open in AWS's console",
              ),
            )
          : null,
      ),
      element(
        "section",
        { class: "card", "aria-labelledby": "graph" },
        element("h2", { id: "graph" }, "State machine"),
        element(
          "div",
          { class: "scroll", tabindex: "0", role: "group", "aria-label": "State machine as a graph" },
          stateGraph(execution.graph, execution.states),
        ),
      ),
    ),
    element(
      "section",
      { class: "card", "aria-labelledby": "states" },
      element("h2", { id: "states" }, "States"),
      stateTable(execution.states),
    ),
    element(
      "section",
      { class: "card", "aria-labelledby": "ends" },
      element("h2", { id: "ends" }, "Input and output of the execution"),
      element(
        "div",
        { class: "grid" },
        ["input", "output"].map((end) =>
          element(
            "div",
            { class: "stack" },
            element("h3", {}, end === "input" ? "Input" : "Output"),
            execution[end] === null
              ? element("p", { class: "muted" }, "None.")
              : element("pre", { tabindex: "0" }, readable(execution[end])),
          ),
        ),
      ),
    ),
  ];
}
