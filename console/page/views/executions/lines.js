/*
 * The lines of the list. What is fetched anew changes those that are shown in place; new ones wait until the
 * user asks for them, so that no row moves under a finger.
 */

const MOST_NAMED = 50;

/** The orders in which lines can be put: the name of each, and by what, smallest first. */
export const ORDERS = {
  newest: ["Newest first", (line) => -getTime(line)],
  unsure: ["Lowest confidence first", (line) => line.confidence ?? 2],
  sure: ["Highest confidence first", (line) => -(line.confidence ?? -1)],
  slow: ["Slowest first", (line) => -(line.milliseconds ?? -1)],
};

/** Returns when a line belongs to the list: a photo by its decision, an execution by its start. */
export const getTime = (line) => line.decided ?? line.started;

/** Returns the lines by what their executions were started on: no version, or none known, is one of its own. */
export function groupByInput(lines) {
  const groups = new Map();
  for (const line of lines) {
    const input = line.key ? JSON.stringify([line.bucket, line.key, line.version ?? ""]) : line.id;
    groups.set(input, [...(groups.get(input) ?? []), line]);
  }
  return [...groups.values()];
}

export class Lines {
  shown = [];
  waiting = [];
  /** Where older lines go on; null at the end. */
  cursor = null;
  lookedBackTo = null;
  /** The answer that came last, with the list's source and advice. */
  newest = null;
  #order;
  #asked = [];
  #left = new Set();

  constructor(order) {
    this.#order = Object.hasOwn(ORDERS, order) ? order : "newest";
  }

  get order() {
    return this.#order;
  }

  set order(order) {
    this.#order = order;
    this.#show(this.shown);
  }

  /** Whether between those that wait and those that are shown there may be others. */
  get isCut() {
    const { executions, cursor } = this.newest;
    return cursor !== null && this.waiting.length === executions.length;
  }

  /**
   * Takes the newest page.
   *
   * @param {object} page An answer of /api/executions.
   * @param {object[]} named The lines as they are now that listNamed() asked for.
   */
  refresh(page, named) {
    this.newest = page;
    const present = new Map();
    for (const line of [...named, ...page.executions]) {
      present.set(line.id, line);
      if (line.photo) present.set(line.photo, line);
    }
    // By the photo where it has been run again: the execution that decides is another one then.
    const renew = (line) => present.get(line.id) ?? present.get(line.photo) ?? line;
    this.shown = removeRepeated(this.shown.map(renew));
    const known = new Set(this.shown.map((line) => line.id));
    this.waiting = page.executions.filter((line) => !known.has(line.id));
    for (const line of this.#asked) if (renew(line).outcome !== "running") this.#left.add(renew(line).id);
    this.#asked = [];
    if (this.shown.length === 0) this.showWaiting();
  }

  /**
   * Returns the lines that the newest page tells nothing of any more: older ones that run, and those that no
   * longer fit the filter, of which is asked once what became of them.
   */
  listNamed() {
    const present = new Set(this.newest.executions.map((line) => line.id));
    const last = this.newest.cursor === null ? -Infinity : Math.min(...this.newest.executions.map(getTime));
    this.#asked = this.shown
      .filter((line) => !present.has(line.id) && !this.#left.has(line.id))
      .filter((line) => line.outcome === "running" || getTime(line) > last)
      .slice(0, MOST_NAMED);
    return this.#asked;
  }

  showWaiting() {
    if (this.isCut || this.shown.length === 0) {
      this.cursor = this.newest.cursor;
      this.lookedBackTo = this.newest.looked_back_to;
      this.#show(this.newest.executions);
    } else this.#show([...this.waiting, ...this.shown]);
    this.waiting = [];
  }

  /** Takes the page at the cursor; returns how many of its lines are new in the list. */
  addOlder(page) {
    this.cursor = page.cursor;
    this.lookedBackTo = page.looked_back_to;
    const known = new Set([...this.shown, ...this.waiting].map((line) => line.id));
    const newest = Math.max(-Infinity, ...this.shown.map(getTime));
    // Step Functions counts on from its newest: what was begun since comes again, and waits already or will.
    const added = page.executions.filter((line) => !known.has(line.id) && getTime(line) <= newest);
    this.#show([...this.shown, ...(this.shown.length ? added : page.executions)]);
    return this.shown.length ? added.length : page.executions.length;
  }

  #show(lines) {
    const [, rank] = ORDERS[this.#order];
    this.shown = removeRepeated(lines).sort((one, other) => rank(one) - rank(other));
  }
}

function removeRepeated(lines) {
  const byId = new Map();
  for (const line of lines) if (!byId.has(line.id)) byId.set(line.id, line);
  return [...byId.values()];
}
