/* Shows one execution: its photo, its answer, the state machine as a graph, and each state. */

import { readEvents } from "../api.js";
import { createCard, createConsoleLink } from "../parts/card.js";
import { createClassMark } from "../parts/class_mark.js";
import { create } from "../parts/element.js";
import {
  createAnswer,
  createAnswerBars,
  createStateTable,
  formatValue,
} from "../parts/execution_states.js";
import { formatTime } from "../parts/format.js";
import { createErrorLine, showAnswers } from "../parts/loading.js";
import { createOutcomeMark, createReviewer } from "../parts/outcome.js";
import { createPhotoImage } from "../parts/photo_image.js";
import { drawStateGraph } from "../parts/state_graph.js";

export function showExecution(content, { signal, identifier }) {
  const place = create("div", { class: "stack" });
  content.append(create("p", {}, create("a", { href: "#/executions" }, "All executions")), place);
  const path = `/api/executions/${encodeURIComponent(identifier)}`;
  const show = async (shown, execution, deployment) => {
    const draw = (present) => shown.replaceChildren(...createParts(present, deployment, path, signal));
    draw(execution);
    if (execution.outcome === "running") await follow(`${path}/events`, shown, draw, signal);
  };
  showAnswers(place, [path, "/api/deployment"], show, signal);
}

async function follow(path, shown, draw, signal) {
  try {
    for await (const execution of readEvents(path, signal)) draw(execution);
  } catch (error) {
    const retry = () => window.dispatchEvent(new Event("hashchange"));
    if (!signal.aborted) shown.prepend(createErrorLine(error, retry));
  }
}

function createParts(execution, deployment, path, signal) {
  const threshold = deployment.threshold?.value ?? null;
  const answer = createCard(
    "Answer",
    createPhotoImage(`${path}/photo`, `Photo ${execution.name ?? ""}`, "picture", signal),
    create("div", { class: "stack", "aria-live": "polite" }, createAnswer(execution)),
    createAnswerBars(execution, deployment.classes, threshold),
    create(
      "dl",
      {},
      create("dt", {}, "Photo"),
      create("dd", {}, execution.bucket ? `s3://${execution.bucket}/${execution.key}` : "–"),
      create("dt", {}, "Started"),
      create("dd", {}, formatTime(execution.started)),
      create("dt", {}, "Execution"),
      create("dd", {}, execution.id),
      createKept(execution, deployment.classes),
    ),
    execution.link ? create("p", {}, createConsoleLink(execution.link)) : null,
  );
  const graph = create(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "State machine as a graph" },
    drawStateGraph(execution.graph, execution.states),
  );
  const ends = [createEnd("Input", execution.input), createEnd("Output", execution.output)];
  return [
    create("div", { class: "side-by-side" }, answer, createCard("State machine", graph)),
    createCard("States", createStateTable(execution.states)),
    createCard("Input and output of the execution", create("div", { class: "grid" }, ends)),
  ];
}

/** Returns the terms of what the table of outcomes keeps of the photo, which a person may have judged since. */
function createKept({ id, kept }, classes) {
  if (!kept) return [];
  if (kept.fault) return createTerm("Kept outcome", kept.fault);
  return [
    createTerm("Kept outcome", createOutcomeMark(kept.outcome), `, ${formatTime(kept.decided)}`),
    kept.label ? createTerm("Label", createClassMark(classes, kept.label)) : null,
    kept.reviewed_by ? createTerm("Reviewed", createReviewer(kept.reviewed_by)) : null,
    kept.id === id
      ? null
      : createTerm("Decided by", create("a", { href: `#/executions/${encodeURIComponent(kept.id)}` }, kept.id)),
  ].flat();
}

const createTerm = (name, ...value) => [create("dt", {}, name), create("dd", {}, ...value)];

function createEnd(title, value) {
  return create(
    "div",
    { class: "stack" },
    create("h3", {}, title),
    value === null
      ? create("p", { class: "muted" }, "None.")
      : create("pre", { tabindex: "0" }, formatValue(value)),
  );
}
