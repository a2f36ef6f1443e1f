/* The photos that this tab has sent or is to send: a few are on their way at a time, and a reload keeps the list. */

import { ApiError, fetchJson } from "../../api.js";
import { followExecution, news } from "../../changes.js";
import { startSample, UnfitFile, uploadPhoto } from "./upload.js";

const STORAGE_KEY = "tried";
const UPLOADS_AT_A_TIME = 3;
/* A new account of AWS, like the embedded cloud, runs ten functions at a time, and an execution one. */
const EXECUTIONS_AT_A_TIME = 8;
const HEALING_MILLISECONDS = 3000;
const SAVING_MILLISECONDS = 500;
const LONGEST_CAUSE = 500;
/* So many that were chosen at once are shown whole. */
const FEW = 3;
/* Functions and endpoints that rest take up to a minute to start. */
const PATIENCE_MILLISECONDS = 10_000;
/* A server with another page has another token: only a reload helps, and what was sent is followed again then. */
const OTHER_TOKEN = 401;

/* What became of a photo: where it still goes on, and where it has ended. */
export const GOING_ON = ["queued", "uploading", "running"];
export const ENDED = ["routed", "refused", "failed", "not sent", "unknown"];
/* Why a photo is not sent that the user stopped. */
export const STOPPED = "stopped";
/* What is kept of an execution over a reload. */
const KEPT = ["outcome", "predicted_class", "confidence", "threshold", "error", "cause", "milliseconds"];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * A list of photos. Each has `name`; `state`, one of GOING_ON or ENDED; `reason`, why it is not sent; `note`, what was
 * done to it, and `sentAs`, the name it was sent under if that is another one; `id` and `key` of its execution,
 * `execution` as it was seen last, with its `states` while somebody may look at them; `path` in the folder that was
 * chosen; its `file` or its `sample`, neither after a reload.
 */
export class Batch {
  photos = [];
  /* The names of files in folders that were no images, and how many could not be read. */
  others = [];
  unread = 0;
  /* How many files were chosen again that were sent before a reload. */
  known = 0;
  /* Why nothing can be sent at the moment. */
  away = null;
  onchange = () => {};

  #queue = [];
  #active = { uploading: 0, running: 0 };
  #wasChosenLast = new Set();
  #ends = 0;
  #saving = null;
  /* Since when photos are on their way without one that has ended. */
  #waitsSince = null;

  constructor() {
    this.#restore();
    news.addEventListener("news", () => this.#resume({ asks: true }));
    window.addEventListener("pagehide", () => this.#save());
    window.addEventListener("beforeunload", (event) => {
      if (this.#queue.length || this.#active.uploading) event.preventDefault();
    });
  }

  /** Takes files, as collectChosen() returns them, and sends them in their turn. */
  addFiles({ found, others = [], unread = 0 }) {
    this.others.push(...others);
    this.unread += unread;
    // Signs without a picture, such as one that turns the reading direction round, are left out by the server, too.
    const clean = (name) => name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
    const chosen = found.map(({ file, path }) => ({ name: clean(file.name), file, size: file.size, path }));
    const fresh = chosen.filter((photo) => !this.#takeUp(photo));
    const again = this.photos.filter((photo) => photo.isTakenUp);
    for (const photo of again) photo.isTakenUp = false;
    this.#add(fresh);
    if (again.length) this.sendAgain(again);
  }

  /** Goes on with a photo of before a reload that is chosen again: what was sent then is not sent twice. */
  #takeUp({ name, size, path, file }) {
    const isSame = (one) => one.isRestored && one.name === name && one.size === size && one.path === path;
    const before = this.photos.find(isSame);
    if (!before) return false;
    before.isRestored = false;
    if (before.id) this.known += 1;
    else Object.assign(before, { file, isTakenUp: true });
    return true;
  }

  /** Takes a photo of the data set, as /api/samples describes it. */
  addSample(sample) {
    this.#add([{ name: sample.name, sample }]);
  }

  /** Takes what waits out of the queue; what was sent goes on. */
  stop() {
    for (const photo of this.#queue.splice(0)) this.#endUnsent(photo, STOPPED);
    this.#change();
  }

  /** Sends photos again that were not sent. */
  sendAgain(photos) {
    for (const photo of photos) Object.assign(photo, { state: "queued", reason: null });
    this.#queue.push(...photos);
    this.#change();
    this.#resume({ asks: true });
  }

  /** Forgets all, once nothing goes on. */
  clear() {
    for (const { address } of this.photos) if (address) URL.revokeObjectURL(address);
    this.photos = [];
    Object.assign(this, { others: [], unread: 0, known: 0 });
    this.#change();
  }

  /** Opens a photo or closes it. */
  async toggle(photo) {
    photo.isOpen = !this.isOpen(photo);
    this.#change();
    if (!photo.isOpen || !photo.id || !ENDED.includes(photo.state) || photo.execution?.states) return;
    try {
      photo.execution = await fetchJson(`/api/executions/${encodeURIComponent(photo.id)}`);
      photo.fault = null;
    } catch (error) {
      photo.fault = error;
    }
    this.#change();
  }

  /** Whether a photo is opened: as the user left it, otherwise where only a few were chosen at once. */
  isOpen = (photo) => photo.isOpen ?? this.#wasChosenLast.has(photo);

  /** Whether the first photos take so long that functions and endpoint may be starting. */
  get isStarting() {
    return this.#waitsSince !== null && !this.away && performance.now() - this.#waitsSince >= PATIENCE_MILLISECONDS;
  }

  /** Whether a photo that was not sent can be sent again as it is. */
  canSendAgain = ({ state, isUnfit, file, sample }) =>
    state === "not sent" && !isUnfit && Boolean(file ?? sample);

  /** Returns the photos in the order to look at: on their way, ended with the newest first, waiting in their order. */
  getOrdered() {
    const active = this.photos.filter(({ state }) => state === "uploading" || state === "running");
    const ended = this.photos.filter(({ state }) => ENDED.includes(state));
    return [...active, ...ended.sort((one, other) => other.end - one.end), ...this.#queue];
  }

  #add(photos) {
    const added = photos.map((photo) => ({ state: "queued", execution: null, id: null, ...photo }));
    // As long as there are only a few in all they all stay open.
    if (this.photos.length + added.length > FEW) this.#wasChosenLast.clear();
    if (added.length <= FEW) for (const photo of added) this.#wasChosenLast.add(photo);
    this.photos.push(...added);
    this.#queue.push(...added);
    this.#change();
    this.#resume();
  }

  /** Sends what waits, as far as there is room; while the server is away a single one, which `asks` whether it is back. */
  #resume({ asks = false } = {}) {
    const { uploading, running } = this.#active;
    const atATime = this.away ? Number(asks) : UPLOADS_AT_A_TIME;
    const room = Math.min(atATime - uploading, EXECUTIONS_AT_A_TIME - uploading - running);
    for (const photo of this.#queue.splice(0, Math.max(room, 0))) this.#send(photo);
  }

  async #send(photo) {
    this.#begin(photo, "uploading");
    try {
      const sent = await (photo.sample ? startSample(photo.sample) : uploadPhoto(photo));
      this.away = null;
      Object.assign(photo, sent);
      this.#follow(photo);
    } catch (error) {
      if (error.isPassing || error.status === OTHER_TOKEN) {
        photo.state = "queued";
        this.#queue.unshift(photo);
        this.#waitForServer(error);
      } else this.#endUnsent(photo, error.message, error instanceof UnfitFile);
      if (!(error instanceof ApiError || error instanceof UnfitFile)) console.error(error);
    } finally {
      this.#active.uploading -= 1;
      this.#change();
      this.#resume();
    }
  }

  #begin(photo, state) {
    if (!this.#active.uploading && !this.#active.running) {
      this.#waitsSince = performance.now();
      setTimeout(() => this.onchange(), PATIENCE_MILLISECONDS);
    }
    photo.state = state;
    this.#active[state] += 1;
    this.#change();
  }

  /** Says that the server or the cloud is away, and asks again every while until it is back. */
  async #waitForServer(error) {
    const isAsking = this.away !== null;
    this.away = error;
    while (!isAsking && this.away?.isPassing) {
      await pause(HEALING_MILLISECONDS);
      this.#resume({ asks: true });
    }
  }

  #endUnsent(photo, reason, isUnfit = false) {
    Object.assign(photo, { state: "not sent", reason, isUnfit, end: (this.#ends += 1) });
  }

  async #follow(photo) {
    this.#begin(photo, "running");
    const show = (execution) => {
      photo.execution = execution;
      this.#change();
    };
    try {
      const ended = await followExecution(photo.id, show);
      photo.state = ended.outcome;
      // Read again where somebody opens it: a thousand executions with all their states take much memory.
      if (!this.isOpen(photo)) photo.execution = keepSummary(ended);
    } catch (error) {
      if (error.status === OTHER_TOKEN) return void this.#waitForServer(error);
      Object.assign(photo, { state: "unknown", reason: error.message });
    } finally {
      photo.end = this.#ends += 1;
      this.#active.running -= 1;
      this.#waitsSince = null;
      this.#change();
      this.#resume();
    }
  }

  #change() {
    this.onchange();
    this.#saving ??= setTimeout(() => this.#save(), SAVING_MILLISECONDS);
  }

  #save() {
    clearTimeout(this.#saving);
    this.#saving = null;
    const kept = this.photos.map((photo) => {
      const { name, size, state, reason, note, sentAs, id, key, path, sample, end, execution } = photo;
      const summary = execution && keepSummary(execution);
      return { name, size, state, reason, note, sentAs, id, key, path, sample, end, execution: summary };
    });
    try {
      sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ kept, others: this.others, unread: this.unread }));
    } catch {
      // There is no room for more: the list of before is better than none.
    }
  }

  #restore() {
    const { kept = [], others = [], unread = 0 } = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "{}");
    Object.assign(this, { photos: kept, others, unread });
    this.#ends = Math.max(0, ...kept.map(({ end }) => end ?? 0));
    for (const photo of kept) {
      photo.isRestored = true;
      if (photo.state === "queued") this.#endUnsent(photo, "choose it again");
      if (photo.state === "uploading") this.#endUnsent(photo, "the upload was broken off: choose it again");
      if (photo.state === "running") this.#follow(photo);
    }
  }
}

function keepSummary(execution) {
  const summary = Object.fromEntries(KEPT.map((name) => [name, execution[name] ?? null]));
  return { ...summary, cause: summary.cause?.slice(0, LONGEST_CAUSE) ?? null };
}
