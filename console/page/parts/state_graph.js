/*
 * Draws a state machine as a graph that marks what happened to each state in one execution. The longest path
 * through it runs down the left; every other state stands to the right of the one that leads to it.
 */

import { createSvg } from "./element.js";

const WIDTH = 190;
const HEIGHT = 46;
const GAP = 26;
const SIDE_LEFT = 280;
const SIDE_WIDTH = 320;
const SIDE_HEIGHT = 30;
const SIDE_GAP = 6;
const CIRCLE = 16;
const WORDS = { caught: "error caught", unreached: "not reached" };
const describeStatus = (status) => WORDS[status] ?? status;

/**
 * Returns the SVG.
 *
 * @param {{nodes: string[], edges: [string, string][]}} graph The names of the states, and which leads to which.
 * @param {{name: string, status: string}[]} states The states that the execution entered, in order.
 */
export function drawStateGraph(graph, states) {
  const happened = new Map(states.map((state) => [state.name, state.status]));
  const taken = new Set(states.slice(1).map((state, index) => `${states[index].name}\n${state.name}`));
  const spine = findLongestPath(graph);
  const boxes = placeBoxes(graph, spine);
  const height = Math.max(...[...boxes.values()].map((box) => box.y + box.height)) + GAP + 2 * CIRCLE + 4;
  const drawing = createSvg("svg", {
    class: "state-graph",
    role: "img",
    width: SIDE_LEFT + SIDE_WIDTH + 4,
    height,
    viewBox: `0 0 ${SIDE_LEFT + SIDE_WIDTH + 4} ${height}`,
    "aria-label": describe(graph, happened),
  });
  const ended = spine.length > 0 && happened.get(spine.at(-1)) === "succeeded";
  const middle = WIDTH / 2 + 2;
  const last = boxes.get(spine.at(-1));
  drawing.append(
    drawLine(middle, 2 + 2 * CIRCLE, middle, boxes.get(spine[0]).y, states.length > 0),
    drawLine(middle, last.y + last.height, middle, height - 2 * CIRCLE - 2, ended),
    drawTerminal("Start", middle, CIRCLE + 2),
    drawTerminal("End", middle, height - CIRCLE - 2),
  );
  // Edges not taken come first, so that they never cover one that was.
  const edges = graph.edges.filter(([from, to]) => boxes.has(from) && boxes.has(to) && from !== to);
  for (const isTaken of [false, true]) {
    for (const [from, to] of edges.filter((edge) => taken.has(edge.join("\n")) === isTaken)) {
      drawing.append(drawEdge(boxes.get(from), boxes.get(to), isTaken));
    }
  }
  for (const [name, box] of boxes) {
    drawing.append(drawState(name, box, happened.get(name) ?? "unreached"));
  }
  return drawing;
}

function findLongestPath({ nodes, edges }) {
  const next = new Map(
    nodes.map((name) => [name, edges.filter(([from]) => from === name).map(([, to]) => to)]),
  );
  const known = new Map();
  const findFrom = (name, passed) => {
    if (known.has(name)) return known.get(name);
    let longest = [];
    for (const to of next.get(name) ?? []) {
      if (passed.has(to)) continue;
      const path = findFrom(to, new Set(passed).add(to));
      if (path.length > longest.length) longest = path;
    }
    known.set(name, [name, ...longest]);
    return known.get(name);
  };
  const entered = new Set(edges.map(([, to]) => to));
  const start = nodes.find((name) => !entered.has(name)) ?? nodes[0];
  const path = findFrom(start, new Set([start]));
  if (path.length === 1) return path;
  // The longest path may end in a failure: one of several ends, or one that several states lead to. The state before
  // it is then where the machine succeeds.
  const isEnd = (name) => next.get(name).length === 0;
  const ends = next.get(path.at(-2)).filter(isEnd);
  const entries = edges.filter(([, to]) => to === path.at(-1));
  const endsInFailure = isEnd(path.at(-1)) && (ends.length > 1 || entries.length > 1);
  return endsInFailure ? path.slice(0, -1) : path;
}

function placeBoxes({ nodes, edges }, spine) {
  const boxes = new Map();
  const beside = nodes.filter((name) => !spine.includes(name));
  let y = 2 * CIRCLE + GAP;
  for (const name of spine) {
    const sides = beside.filter(
      (side) => !boxes.has(side) && edges.some(([from, to]) => from === name && to === side),
    );
    const needed = sides.length * (SIDE_HEIGHT + SIDE_GAP) - SIDE_GAP;
    sides.forEach((side, index) => boxes.set(side, createSideBox(y + index * (SIDE_HEIGHT + SIDE_GAP))));
    boxes.set(name, { x: 2, y: y + Math.max(0, (needed - HEIGHT) / 2), width: WIDTH, height: HEIGHT });
    y += Math.max(HEIGHT, needed) + GAP;
  }
  // States that only others at the right lead to come last.
  for (const name of beside.filter((side) => !boxes.has(side))) {
    boxes.set(name, createSideBox(y - GAP + SIDE_GAP));
    y += SIDE_HEIGHT + SIDE_GAP;
  }
  return boxes;
}

const createSideBox = (y) => ({ x: SIDE_LEFT, y, width: SIDE_WIDTH, height: SIDE_HEIGHT });

function drawEdge(from, to, isTaken) {
  if (from.x === to.x) {
    const x = from.x + from.width / 2;
    return drawLine(x, from.y + from.height, x, to.y, isTaken);
  }
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const bend = (x2 - x1) / 2;
  return createSvg("path", {
    class: isTaken ? "taken" : null,
    d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
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

function drawState(name, { x, y, width, height }, status) {
  const isSide = height === SIDE_HEIGHT;
  const [title, subtitle] =
    isSide && status !== "unreached"
      ? [`${name}: ${describeStatus(status)}`, null]
      : [name, describeStatus(status)];
  return createSvg(
    "g",
    { class: status === "aborted" || status === "timed out" ? "failed" : status },
    createSvg("title", {}, `${name}: ${describeStatus(status)}`),
    createSvg("rect", { x, y, width, height, rx: 7 }),
    createSvg("text", { x: x + 12, y: y + 19 }, shorten(title, isSide ? 44 : 25)),
    isSide ? null : createSvg("text", { x: x + 12, y: y + 36, class: "what-happened" }, subtitle),
  );
}

const shorten = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function describe(graph, happened) {
  const entered = graph.nodes
    .filter((name) => happened.has(name))
    .map((name) => `${name} ${describeStatus(happened.get(name))}`);
  return `State machine of ${graph.nodes.length} states. ${entered.join(", ") || "None entered yet"}.`;
}
