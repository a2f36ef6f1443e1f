/* Draws a state machine as a graph that marks what happened to each state in one execution. */

import { repeat } from "/static/lit-html/directives/repeat.js";
import { html, svg } from "/static/lit-html/lit-html.js";
import { describeStatus } from "./execution_states.js";
import { formatQuantity } from "./format.js";
import { BEND, CIRCLE, foldGraph, GAP, placeStates } from "./state_graph_layout.js";

const LETTER = 7;

/**
 * Draws the graph. A state that was entered is a button that selects it.
 *
 * @param {{nodes: string[], edges: [string, string][], successes: string[]}} graph The names of the states, which
 *   leads to which, and after which ones an execution has succeeded.
 * @param {{name: string, status: string}[]} states The states that the execution entered, in order.
 * @param {object} form
 * @param {string|null} form.selected The name of the state that is selected.
 * @param {(name: string) => void} form.select
 * @param {boolean} form.isNarrow Whether the screen has no room for two columns.
 * @param {boolean} form.isWhole Whether states are shown that the execution did not come near.
 * @param {() => void} form.toggleWhole
 */
export function drawStateGraph(graph, states, { selected, select, isNarrow, isWhole, toggleWhole }) {
  const entered = new Map(states.map((state) => [state.name, state]));
  const folded = foldGraph(graph, new Set(entered.keys()), isNarrow);
  const shown = isWhole ? graph : folded;
  const taken = new Set(states.slice(1).map((state, index) => `${states[index].name}\n${state.name}`));
  const { boxes, spine, width, height } = placeStates(shown, isNarrow);
  const [first, last] = [boxes.get(spine[0]), boxes.get(spine.at(-1))];
  const end = last.y + last.height + GAP + CIRCLE;
  const middle = first.x + first.width / 2;
  const hasEnded = !["running", undefined].includes(entered.get(spine.at(-1))?.status);
  // Edges not taken come first, so that they never cover one that was.
  const isTaken = (edge) => taken.has(edge.join("\n"));
  const edges = [...shown.edges].sort((one, other) => isTaken(one) - isTaken(other));
  return html`<div class="scroll">
      <svg
        class="state-graph"
        role="group"
        width=${width}
        height=${height}
        viewBox="0 0 ${width} ${height}"
        aria-label=${describeGraph(graph, states)}
      >
        ${drawLine(middle, 2 + 2 * CIRCLE, middle, first.y, states.length > 0)}
        ${drawLine(middle, last.y + last.height, middle, end - CIRCLE, hasEnded)}
        ${drawTerminal("Start", middle, CIRCLE + 2)} ${drawTerminal("End", middle, end)}
        ${edges.map((edge) => drawEdge(boxes.get(edge[0]), boxes.get(edge[1]), isTaken(edge)))}
        ${repeat(
          boxes,
          ([name]) => name,
          ([name, box]) => drawState(name, box, entered.get(name), selected === name, select),
        )}
      </svg>
    </div>
    ${folded.hiddenEndings
      ? html`<p>
          <button type="button" class="quiet" aria-expanded=${isWhole} @click=${toggleWhole}>
            ${isWhole ? "Hide" : "Show"} ${formatQuantity(folded.hiddenEndings, "other ending")}, not reached
          </button>
        </p>`
      : ""}`;
}

function drawEdge(from, to, isTaken) {
  const below = to.y - from.y - from.height;
  if (from.x === to.x && below > 0 && below <= GAP) {
    const x = from.x + from.width / 2;
    return drawLine(x, from.y + from.height, x, to.y, isTaken);
  }
  const right = (box) => box.x + box.width;
  if (right(from) < to.x) return drawCurve(right(from), (right(from) + to.x) / 2, to.x, from, to, isTaken);
  if (right(to) < from.x) return drawCurve(from.x, (right(to) + from.x) / 2, right(to), from, to, isTaken);
  // Around the states between them: at the left, where the first column begins, or at the right.
  const isOfFirstColumn = Math.min(from.x, to.x) <= BEND * 2;
  return isOfFirstColumn
    ? drawCurve(from.x, Math.min(from.x, to.x) - BEND, to.x, from, to, isTaken)
    : drawCurve(right(from), right(from) + BEND, right(to), from, to, isTaken);
}

function drawCurve(x1, bend, x2, from, to, isTaken) {
  const [y1, y2] = [from.y + from.height / 2, to.y + to.height / 2];
  return drawPath(`M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`, isTaken);
}

const drawLine = (x1, y1, x2, y2, isTaken) =>
  drawPath(`M${x1} ${y1}L${x2} ${y2}M${x2 - 4} ${y2 - 6}L${x2} ${y2}L${x2 + 4} ${y2 - 6}`, isTaken);

const drawPath = (d, isTaken) => svg`<path class=${isTaken ? "taken" : ""} d=${d}></path>`;

const drawTerminal = (name, x, y) =>
  svg`<circle cx=${x} cy=${y} r=${CIRCLE}></circle>
    <text x=${x} y=${y + 4} text-anchor="middle" class="what-happened">${name}</text>`;

function drawState(name, { x, y, width, height }, state, isSelected, select) {
  const [outcome, words] = state ? describeStatus(state) : ["unreached", "not reached"];
  const act = () => select(name);
  const press = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  };
  const content = svg`<title>${name}: ${words}</title>
    <rect x=${x} y=${y} width=${width} height=${height} rx="7"></rect>
    <text x=${x + 12} y=${y + 19}>${shorten(name, Math.floor((width - 12) / LETTER))}</text>
    <text x=${x + 12} y=${y + 36} class="what-happened">${words}</text>`;
  return state
    ? svg`<g class=${outcome} role="button" tabindex="0" aria-pressed=${isSelected}
        aria-label=${`${name}: ${words}`} @click=${act} @keydown=${press}>${content}</g>`
    : svg`<g class=${outcome}>${content}</g>`;
}

const shorten = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function describeGraph(graph, states) {
  const entered = states.map((state) => `${state.name} ${describeStatus(state)[1]}`);
  return `State machine of ${graph.nodes.length} states. ${entered.join(", ") || "None entered yet"}.`;
}
