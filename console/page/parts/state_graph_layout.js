/*
 * Finds places for the states of a state machine: the way to its success runs down the left. Whatever leads off it
 * stands to the right, or on a narrow screen below.
 */

export const CIRCLE = 16;
export const GAP = 26;
export const BEND = 26;
const TOP = 2 * CIRCLE + GAP;
const HEIGHT = 46;
const MOST_ENDS = 3;
// Boxes of one line have a width in which the longest name fits with what happened beside it.
const WIDE = { left: 34, width: 190, sideLeft: 290, sideWidth: 310, sideHeight: 30, sideGap: 14 };
const NARROW = { left: 34, width: 250, sideLeft: 54, sideWidth: 250, sideHeight: HEIGHT, sideGap: GAP };

/**
 * Returns the places.
 *
 * @param {{nodes: string[], edges: [string, string][], successes: string[]}} graph The names of the states, the first
 *   one first, which leads to which, and after which ones an execution has succeeded.
 * @param {Set<string>} entered The names of the states that the execution has entered.
 * @param {boolean} isNarrow Whether the screen has no room for two columns.
 * @returns {{boxes: Map<string, object>, edges: [string, string][], spine: string[], width: number, height: number}}
 *   `x`, `y`, `width`, `height` and `label` of each state; the edges between them; the names of the states at the left;
 *   and the size of all. Several failures that a state might have led to, and has not, are one box, whose `label` says
 *   how many.
 */
export function placeStates(graph, entered, isNarrow = false) {
  const { left, width, sideLeft, sideWidth, sideHeight, sideGap } = isNarrow ? NARROW : WIDE;
  const { nodes, edges, labels } = foldFailures(graph, entered);
  const next = mapSuccessors(nodes, edges);
  const spine = findSpine(nodes, next, new Set(graph.successes));
  const boxes = new Map();
  const end = TOP + spine.length * (HEIGHT + GAP) + 2 * CIRCLE + 2;
  let free = isNarrow ? end + GAP : TOP;
  const placeBeside = (name) => {
    if (boxes.has(name) || spine.includes(name)) return;
    const label = labels.get(name) ?? name;
    boxes.set(name, { x: sideLeft, y: free, width: sideWidth, height: sideHeight, label });
    free += sideHeight + sideGap;
    next.get(name).forEach(placeBeside);
  };
  spine.forEach((name, index) => {
    const y = TOP + index * (HEIGHT + GAP);
    boxes.set(name, { x: left, y, width, height: HEIGHT, label: name });
    free = Math.max(free, y);
    next.get(name).forEach(placeBeside);
  });
  nodes.forEach(placeBeside);
  return { boxes, edges, spine, width: sideLeft + sideWidth + BEND, height: Math.max(end, free) };
}

/** Puts one node in the place of the failures, if there are many, that a state leads to and that were not entered. */
function foldFailures({ nodes, edges, successes }, entered) {
  const next = mapSuccessors(nodes, edges);
  const isFailure = (name) => next.get(name).length === 0 && !successes.includes(name);
  const folded = new Map();
  const labels = new Map();
  for (const from of nodes) {
    const ends = next.get(from).filter((to) => isFailure(to) && !entered.has(to) && !folded.has(to));
    if (ends.length <= MOST_ENDS) continue;
    const name = `\n${from}`;
    labels.set(name, `${ends.length} ways to fail`);
    ends.forEach((end) => folded.set(end, name));
  }
  const rename = (name) => folded.get(name) ?? name;
  const renamed = edges.map((edge) => edge.map(rename));
  return {
    nodes: [...new Set(nodes.map(rename))],
    edges: renamed.filter(
      ([from, to], index) => index === renamed.findIndex((edge) => edge[0] === from && edge[1] === to),
    ),
    labels,
  };
}

const mapSuccessors = (nodes, edges) =>
  new Map(nodes.map((name) => [name, edges.filter(([from]) => from === name).map(([, to]) => to)]));

/** Returns the longest way from the first state that can still succeed at each of its states, or else the longest. */
function findSpine(nodes, next, successes) {
  const hopeful = new Set(successes);
  for (let size = -1; size !== hopeful.size; ) {
    size = hopeful.size;
    nodes.filter((name) => next.get(name).some((to) => hopeful.has(to))).forEach((name) => hopeful.add(name));
  }
  const isWanted = (name) => hopeful.has(name) || !hopeful.has(nodes[0]);
  const known = new Map();
  const findFrom = (name, passed) => {
    if (known.has(name)) return known.get(name);
    const ways = next
      .get(name)
      .filter((to) => isWanted(to) && !passed.has(to))
      .map((to) => findFrom(to, new Set(passed).add(to)));
    known.set(name, [name, ...ways.reduce((longest, way) => (way.length > longest.length ? way : longest), [])]);
    return known.get(name);
  };
  return findFrom(nodes[0], new Set([nodes[0]]));
}
