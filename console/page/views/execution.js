/*
 * Shows one execution as it is now: what became of its photo, the state machine as a graph, each step with its data,
 * and its events. A step is selected in the graph and in the table alike.
 */

import { html } from "/static/lit-html/lit-html.js";
import { followExecution } from "../changes.js";
import { drawError, showAnswers } from "../parts/answers.js";
import { drawCard } from "../parts/card.js";
import { drawSteps, findTelling } from "../parts/execution_states.js";
import { drawStateGraph } from "../parts/state_graph.js";
import { Actions } from "./execution/actions.js";
import { drawDocument } from "./execution/documents.js";
import { EventHistory } from "./execution/history.js";
import { drawNeighbours, findNeighbours } from "./execution/neighbours.js";
import { drawResult } from "./execution/result.js";
import { drawStep } from "./execution/step.js";

const NARROW = window.matchMedia("(max-width: 40rem)");

export function showExecution(place, context) {
  const { identifier, parameters, setTitle, signal } = context;
  const path = `/api/executions/${encodeURIComponent(identifier)}`;
  const list = parameters.get("from-list");
  const unfolded = new Set();
  let fetched = null;
  let execution = null;
  let neighbours = null;
  let lost = null;
  let chosen = null;
  let isWhole = false;
  const redraw = () => shown.redraw();
  const history = new EventHistory(path, redraw, context);
  const actions = new Actions(path, redraw, () => shown.load(), context.freshness);

  const take = (changed) => {
    execution = { ...execution, ...changed };
    setTitle(`${execution.name ?? execution.id}, ${execution.outcome}`);
    history.refresh();
  };
  const follow = async () => {
    lost = null;
    const show = (changed) => {
      take(changed);
      redraw();
    };
    try {
      await followExecution(identifier, show, signal);
    } catch (error) {
      // That the server is another one every view says.
      if (signal.aborted || error.status === 401) return;
      lost = error;
      redraw();
    }
  };
  const select = (index) => {
    chosen = index;
    redraw();
    document.getElementById("step-data").scrollIntoView({ block: "nearest" });
  };

  const draw = (answer, deployment) => {
    if (answer !== fetched) {
      fetched = answer;
      take(answer);
      if (execution.outcome === "running") follow();
    }
    const { states } = execution;
    const selected = chosen ?? findTelling(states);
    const form = { unfolded, redraw };
    const saveData = (...data) => history.saveData(...data);
    // The first step's input is the execution's, the last one's output too.
    const drawEnd = (title, value, event) =>
      drawDocument(title, value, {
        ...form,
        name: "the execution",
        save: event ? () => saveData(event, title.toLowerCase(), `${execution.id}, ${title.toLowerCase()}.json`) : null,
      });
    return html`${drawNeighbours(list, neighbours)} ${actions.draw(execution)}
      ${lost ? drawError(lost, follow) : ""}
      ${drawResult(execution, deployment, path)}
      ${drawCard(
        "Steps",
        html`<div class="steps">
          <div>
            ${drawStateGraph(execution.graph, states, {
              selected: states[selected]?.name ?? null,
              select: (name) => select(states.findLastIndex((state) => state.name === name)),
              isNarrow: NARROW.matches,
              isWhole,
              toggleWhole: () => {
                isWhole = !isWhole;
                redraw();
              },
            })}
          </div>
          <div class="stack">
            ${drawSteps(execution, (state, index) => drawStepName(state, index === selected, () => select(index)))}
            ${states.length ? drawStep(states[selected], execution, { ...form, saveData }) : ""}
          </div>
        </div>`,
      )}
      ${drawCard(
        "Data of the whole execution",
        html`<div class="documents">
          ${drawEnd("Input", execution.input, states[0]?.events.input)}
          ${drawEnd("Output", execution.output, states.at(-1)?.events.output)}
        </div>`,
      )}
      ${history.draw(execution)}`;
  };

  const shown = showAnswers(place, [path, "/api/deployment"], draw, context);
  NARROW.addEventListener("change", redraw, { signal });
  findNeighbours(identifier, list, signal).then((found) => {
    neighbours = found;
    if (!signal.aborted) redraw();
  });
}

const drawStepName = (state, isSelected, select) =>
  html`<button type="button" class="step-name" aria-pressed=${isSelected} @click=${select}>${state.name}</button>`;
