/* Draws a state machine as a graph that marks what happened to each state in one execution. */

import { createSvg } from "./element.js";
import { BEND, CIRCLE, GAP, placeStates } from "./state_graph_layout.js";

const NARROW = window.matchMedia("(max-width: 48rem)");
const TWO_LINES = 46;
const WORDS = { caught: "error caught", unreached: "not reached" };
const describeStatus = (status) => WORDS[status] ?? status;

/**
 * Returns the SVG.
 *
 * @param {{nodes: string[], edges: [string, string][], successes: string[]}} graph The names of the states, which
 *   leads to which, and after which ones an execution has succeeded.
 * @param {{name: string, status: string}[]} states The states that the execution entered, in order.
 */
export function drawStateGraph(graph, states) {
  const happened = new Map(states.map((state) => [state.name, state.status]));
  const taken = new Set(states.slice(1).map((state, index) => `${states[index].name}\n${state.name}`));
  const { boxes, edges, spine, width, height } = placeStates(graph, new Set(happened.keys()), NARROW.matches);
  const [first, last] = [boxes.get(spine[0]), boxes.get(spine.at(-1))];
  const end = last.y + last.height + GAP + CIRCLE;
  const drawing = createSvg("svg", {
    class: "state-graph",
    role: "img",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "aria-label": describe(graph, happened),
  });
  const middle = first.x + first.width / 2;
  const ended = happened.get(spine.at(-1)) === "succeeded";
  drawing.append(
    drawLine(middle, 2 + 2 * CIRCLE, middle, first.y, states.length > 0),
    drawLine(middle, last.y + last.height, middle, end - CIRCLE, ended),
    drawTerminal("Start", middle, CIRCLE + 2),
    drawTerminal("End", middle, end),
  );
  // Edges not taken come first, so that they never cover one that was.
  for (const isTaken of [false, true]) {
    for (const [from, to] of edges.filter((edge) => taken.has(edge.join("\n")) === isTaken)) {
      drawing.append(drawEdge(boxes.get(from), boxes.get(to), isTaken));
    }
  }
  for (const [name, box] of boxes) {
    drawing.append(drawState(box, happened.get(name) ?? "unreached"));
  }
  return drawing;
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
  return createSvg("path", {
    class: isTaken ? "taken" : null,
    d: `M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`,
  });
}

function drawLine(x1, y1, x2, y2, isTaken) {
  return createSvg("path", {
    class: isTaken ? "taken" : null,
    d: `M${x1} ${y1}L${x2} ${y2}M${x2 - 4} ${y2 - 6}L${x2} ${y2}L${x2 + 4} ${y2 - 6}`,
  });
}

function drawTerminal(name, x, y) {
  return createSvg(
    "g",
    {},
    createSvg("circle", { cx: x, cy: y, r: CIRCLE }),
    createSvg("text", { x, y: y + 4, "text-anchor": "middle", class: "what-happened" }, name),
  );
}

function drawState({ x, y, width, height, label }, status) {
  const isLow = height < TWO_LINES;
  const [title, subtitle] =
    isLow && status !== "unreached"
      ? [`${label}: ${describeStatus(status)}`, null]
      : [label, describeStatus(status)];
  return createSvg(
    "g",
    { class: status === "aborted" || status === "timed out" ? "failed" : status },
    createSvg("title", {}, `${label}: ${describeStatus(status)}`),
    createSvg("rect", { x, y, width, height, rx: 7 }),
    createSvg("text", { x: x + 12, y: y + 19 }, shorten(title, Math.floor(width / 7))),
    isLow ? null : createSvg("text", { x: x + 12, y: y + 36, class: "what-happened" }, subtitle),
  );
}

const shorten = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function describe(graph, happened) {
  const entered = [...happened].map(([name, status]) => `${name} ${describeStatus(status)}`);
  return `State machine of ${graph.nodes.length} states. ${entered.join(", ") || "None entered yet"}.`;
}
