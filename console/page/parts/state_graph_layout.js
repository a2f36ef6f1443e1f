/*
 * Finds places for the states of a state machine: the way to its success runs down the left. Whatever leads off it
 * stands to the right, or on a narrow screen below.
 */

export const CIRCLE = 16;
export const GAP = 26;
export const BEND = 26;
export const TOP = 2 * CIRCLE + GAP;
const HEIGHT = 46;
const WIDE = { left: 34, width: 190, sideLeft: 290, sideWidth: 256 };
const NARROW = { left: 34, width: 256, sideLeft: 54, sideWidth: 256 };

/**
 * Returns the places.
 *
 * @param {{nodes: string[], edges: [string, string][], successes: string[]}} graph The names of the states, the first
 *   one first, which leads to which, and after which ones an execution has succeeded.
 * @param {boolean} isNarrow Whether the screen has no room for two columns.
 * @returns {{boxes: Map<string, object>, spine: string[], width: number, height: number}} `x`, `y`, `width` and
 *   `height` of each state; the names of the states at the left; and the size of all.
 */
export function placeStates({ nodes, edges, successes }, isNarrow = false) {
  const { left, width, sideLeft, sideWidth } = isNarrow ? NARROW : WIDE;
  const next = mapSuccessors(nodes, edges);
  const spine = findSpine(nodes, next, new Set(successes));
  const boxes = new Map();
  const end = TOP + spine.length * (HEIGHT + GAP) + 2 * CIRCLE + 2;
  let free = isNarrow ? end + GAP : TOP;
  const placeBeside = (name) => {
    if (boxes.has(name) || spine.includes(name)) return;
    boxes.set(name, { x: sideLeft, y: free, width: sideWidth, height: HEIGHT });
    free += HEIGHT + GAP;
    next.get(name).forEach(placeBeside);
  };
  spine.forEach((name, index) => {
    const y = TOP + index * (HEIGHT + GAP);
    boxes.set(name, { x: left, y, width, height: HEIGHT });
    free = Math.max(free, y);
    next.get(name).forEach(placeBeside);
  });
  nodes.forEach(placeBeside);
  const right = Math.max(...[...boxes.values()].map((box) => box.x + box.width));
  return { boxes, spine, width: right + BEND, height: Math.max(end, free) };
}

/**
 * Returns the part of a graph that tells what an execution did: the states that it entered and, with room for two
 * columns, the way to success. `hiddenEndings` counts the endings that are left out.
 *
 * @param {Set<string>} entered The names of the states that the execution has entered.
 */
export function foldGraph({ nodes, edges, successes }, entered, isNarrow = false) {
  const next = mapSuccessors(nodes, edges);
  const way = isNarrow && entered.size ? [] : findSpine(nodes, next, new Set(successes));
  const isShown = (name) => entered.has(name) || way.includes(name);
  return {
    nodes: nodes.filter(isShown),
    edges: edges.filter((edge) => edge.every(isShown)),
    successes: successes.filter(isShown),
    hiddenEndings: nodes.filter((name) => !isShown(name) && next.get(name).length === 0).length,
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
