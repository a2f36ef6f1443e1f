/*
 * A state machine as a graph, its states marked by what happened in one execution: the longest way through it
 * runs down the left, every other state stands to the right of the one that leads to it.
 */

import { svg } from "./element.js";

const WIDTH = 190;
const HEIGHT = 46;
const GAP = 26;
const SIDE_LEFT = 280;
const SIDE_WIDTH = 320;
const SIDE_HEIGHT = 30;
const SIDE_GAP = 6;
const CIRCLE = 16;
const WORDS = { caught: "error caught", unreached: "not reached" };
const inWord = (status) => WORDS[status] ?? status;

/**
 * Returns the SVG.
 *
 * @param {{nodes: string[], edges: [string, string][]}} graph States' names, and which leads to which.
 * @param {{name: string, status: string}[]} states Those that the execution entered, in order.
 */
export function stateGraph(graph, states) {
  const happened = new Map(states.map((state) => [state.name, state.status]));
  const taken = new Set(states.slice(1).map((state, index) => `${states[index].name}\n${state.name}`));
  const spine = longestWay(graph);
  const boxes = place(graph, spine);
  const height = Math.max(...[...boxes.values()].map((box) => box.y + box.height)) + GAP + 2 * CIRCLE + 4;
  const drawing = svg("svg", {
    class: "state-graph",
    role: "img",
    width: SIDE_LEFT + SIDE_WIDTH + 4,
    height,
    viewBox: `0 0 ${SIDE_LEFT + SIDE_WIDTH + 4} ${height}`,
    "aria-label": inWords(graph, happened),
  });
  const ended = spine.length > 0 && happened.get(spine.at(-1)) === "succeeded";
  const middle = WIDTH / 2 + 2;
  const last = boxes.get(spine.at(-1));
  drawing.append(
    line(middle, 2 + 2 * CIRCLE, middle, boxes.get(spine[0]).y, states.length > 0),
    line(middle, last.y + last.height, middle, height - 2 * CIRCLE - 2, ended),
    terminal("Start", middle, CIRCLE + 2),
    terminal("End", middle, height - CIRCLE - 2),
  );
  // Ways not taken first, so that they never cover one that was.
  const edges = graph.edges.filter(([from, to]) => boxes.has(from) && boxes.has(to) && from !== to);
  for (const isTaken of [false, true]) {
    for (const [from, to] of edges.filter((edge) => taken.has(edge.join("\n")) === isTaken)) {
      drawing.append(way(boxes.get(from), boxes.get(to), isTaken));
    }
  }
  for (const [name, box] of boxes) drawing.append(state(name, box, happened.get(name) ?? "unreached"));
  return drawing;
}

function longestWay({ nodes, edges }) {
  const next = new Map(
    nodes.map((name) => [name, edges.filter(([from]) => from === name).map(([, to]) => to)]),
  );
  const known = new Map();
  const from = (name, passed) => {
    if (known.has(name)) return known.get(name);
    let longest = [];
    for (const to of next.get(name) ?? []) {
      if (passed.has(to)) continue;
      const way = from(to, new Set(passed).add(to));
      if (way.length > longest.length) longest = way;
    }
    known.set(name, [name, ...longest]);
    return known.get(name);
  };
  const entered = new Set(edges.map(([, to]) => to));
  const starts = nodes.filter((name) => !entered.has(name));
  const way = from(starts[0] ?? nodes[0], new Set([starts[0] ?? nodes[0]]));
  // The longest way may end in one of several failures; the state before them is where the machine succeeds.
  const isEnd = (name) => next.get(name).length === 0;
  const leaves = way.length > 1 ? next.get(way.at(-2)).filter(isEnd) : [];
  const inner =
    way.length > 1 && isEnd(way.at(-1)) && (leaves.length > 1 || entersFromSeveral(way.at(-1), edges));
  return inner ? way.slice(0, -1) : way;
}

function entersFromSeveral(name, edges) {
  return edges.filter(([, to]) => to === name).length > 1;
}

function place({ nodes, edges }, spine) {
  const boxes = new Map();
  const beside = nodes.filter((name) => !spine.includes(name));
  let y = 2 * CIRCLE + GAP;
  for (const name of spine) {
    const sides = beside.filter(
      (side) => !boxes.has(side) && edges.some(([from, to]) => from === name && to === side),
    );
    const needed = sides.length * (SIDE_HEIGHT + SIDE_GAP) - SIDE_GAP;
    sides.forEach((side, index) => boxes.set(side, sideBox(y + index * (SIDE_HEIGHT + SIDE_GAP))));
    boxes.set(name, { x: 2, y: y + Math.max(0, (needed - HEIGHT) / 2), width: WIDTH, height: HEIGHT });
    y += Math.max(HEIGHT, needed) + GAP;
  }
  // What only states beside the way lead to comes last.
  for (const name of beside.filter((side) => !boxes.has(side))) {
    boxes.set(name, sideBox(y - GAP + SIDE_GAP));
    y += SIDE_HEIGHT + SIDE_GAP;
  }
  return boxes;
}

const sideBox = (y) => ({ x: SIDE_LEFT, y, width: SIDE_WIDTH, height: SIDE_HEIGHT });

function way(from, to, isTaken) {
  if (from.x === to.x) {
    const x = from.x + from.width / 2;
    return line(x, from.y + from.height, x, to.y, isTaken);
  }
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const bend = (x2 - x1) / 2;
  return svg("path", {
    class: isTaken ? "taken" : null,
    d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
  });
}

function line(x1, y1, x2, y2, isTaken) {
  return svg("path", {
    class: isTaken ? "taken" : null,
    d: `M${x1} ${y1}L${x2} ${y2}M${x2 - 4} ${y2 - 6}L${x2} ${y2}L${x2 + 4} ${y2 - 6}`,
  });
}

function terminal(name, x, y) {
  return svg(
    "g",
    {},
    svg("circle", { cx: x, cy: y, r: CIRCLE }),
    svg("text", { x, y: y + 4, "text-anchor": "middle", class: "what-happened" }, name),
  );
}

function state(name, { x, y, width, height }, status) {
  const isSide = height === SIDE_HEIGHT;
  const [title, subtitle] =
    isSide && status !== "unreached" ? [`${name}: ${inWord(status)}`, null] : [name, inWord(status)];
  return svg(
    "g",
    { class: status === "aborted" || status === "timed out" ? "failed" : status },
    svg("title", {}, `${name}: ${inWord(status)}`),
    svg("rect", { x, y, width, height, rx: 7 }),
    svg("text", { x: x + 12, y: isSide ? y + 19 : y + 19 }, shortened(title, isSide ? 44 : 25)),
    isSide ? null : svg("text", { x: x + 12, y: y + 36, class: "what-happened" }, subtitle),
  );
}

const shortened = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function inWords(graph, happened) {
  const entered = graph.nodes
    .filter((name) => happened.has(name))
    .map((name) => `${name} ${inWord(happened.get(name))}`);
  return `State machine of ${graph.nodes.length} states. ${entered.join(", ") || "None entered yet"}.`;
}
