/*
 * The photos that this tab may judge: it claims a few at a time, so that nobody else is shown them, and sends what
 * is judged while the next photo is looked at. What it asks of the server goes one after the other: an undo never
 * overtakes the judgement that it takes back, and the number of waiting photos is that after all judgements.
 */

import { ApiError, fetchPhoto, request } from "../../api.js";
import { drawNotice } from "../../parts/answers.js";

const AHEAD = 3;
const PATIENCE_MILLISECONDS = 20_000;
/* Less than the server's CLAIM_SECONDS. */
const RENEWAL_MILLISECONDS = 60_000;
const BAD_REQUEST = 400;
/* Who claims: another tab of the same person is another reviewer. */
const REVIEWER = crypto.randomUUID();

export class ReviewQueue {
  #held = [];
  #done = [];
  #after = null;
  #calls = Promise.resolve();
  #unsent = 0;
  #isClosed = false;
  #listener;

  /** How many photos wait, without those judged here. */
  left;
  /** How many were judged here, as far as that is saved or on its way. */
  judged = 0;
  /** Whether there was no further photo to claim when the server was asked last. */
  isAtEnd = false;
  /** Whether no photo could be claimed when the server was asked last, which is asked again. */
  isStuck = false;
  /** Whether an undo is on its way: until then nobody knows which photo is judged next. */
  isUndoing = false;

  /**
   * @param {number} waiting How many photos wait.
   * @param {object} listener `showChange()` is called after each change; `showNote(error)` says what does not pass;
   *   `keep(load, error, signal)` says the error and calls `load` again until it succeeds, or the signal is aborted.
   */
  constructor(waiting, listener) {
    this.left = waiting;
    this.#listener = listener;
  }

  /** The photo to judge now; null where there is none yet or any more. */
  get current() {
    return this.#held[0] ?? null;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  /** How many judgements are kept here until they can be saved. */
  get unsaved() {
    return this.#done.filter(({ state }) => state === "unsaved").length;
  }

  /** Claims photos until there are enough ahead, and those ahead again, since claims end. */
  async fill({ fromStart = false } = {}) {
    const claim = async () => {
      await this.#call(() => this.#claim(fromStart));
      this.isStuck = false;
      if (!this.#isClosed) this.#listener.showChange();
    };
    await claim().catch((error) => {
      // While photos to go on with are left, the next judgement asks again.
      if (this.#isClosed || this.isStuck || this.current) return;
      this.isStuck = true;
      this.#listener.showChange();
      this.#listener.keep(claim, error);
    });
  }

  /** Looks at the waiting photos from the oldest on, those again that were skipped. */
  restart() {
    return this.fill({ fromStart: true });
  }

  /**
   * Judges the photo that is shown: with a class, or with null as none of the classes.
   *
   * @returns {{state: string}} What becomes of it: "sent", "saved", "unsaved" or "refused".
   */
  judge(label) {
    const entry = { photo: this.#held.shift(), label, state: "sent", sending: new AbortController() };
    this.#done.push(entry);
    this.#send(entry).catch((error) => {
      const send = async () => {
        await this.#send(entry);
        this.fill();
      };
      this.#listener.keep(send, error, entry.sending.signal);
    });
    this.fill();
    return entry;
  }

  /** Leaves the photo that is shown to others, or for later. */
  skip() {
    const photo = this.#held.shift();
    this.#done.push({ photo, state: "skipped" });
    // A claim that is not given back ends by itself.
    this.#call(() => post("/api/reviews/release", { photos: [photo.id] })).catch(() => {});
    this.fill();
  }

  /**
   * Takes back what was done last; returns whether its photo is on the screen again.
   *
   * @throws {ApiError} For a reason that passes: it can be taken back later.
   */
  async undo() {
    const entry = this.#done.pop();
    const { photo } = entry;
    this.isUndoing = true;
    this.#listener.showChange();
    try {
      // What was sent has arrived by now, or has a fault.
      await this.#call(() => (entry.state === "saved" ? post(`${pathOf(photo)}/undo`, {}) : null));
    } catch (error) {
      if (!isRefusal(error)) this.#done.push(entry);
      if (error.isPassing) throw error;
      this.#listener.showNote(addName(error, photo.name));
      return false;
    } finally {
      this.isUndoing = false;
      this.#listener.showChange();
    }
    if (entry.state === "refused") return false;
    if (entry.state === "saved") this.#count(-1);
    entry.sending?.abort();
    if (entry.state === "skipped") photo.claimed = 0;
    // A claim from the start may have brought it again meanwhile.
    this.#held = [photo, ...this.#held.filter((other) => other.id !== photo.id)];
    this.fill();
    return true;
  }

  /** Gives back what is claimed; the judgements on their way still arrive. */
  close() {
    this.#isClosed = true;
    this.#release(this.#held.splice(0));
  }

  #call(ask) {
    const answer = this.#calls.then(ask);
    this.#calls = answer.catch(() => {});
    return answer;
  }

  async #claim(fromStart) {
    if (this.#isClosed) return;
    const after = fromStart ? null : this.#after;
    const now = Date.now();
    const old = this.#held.filter((photo) => now - photo.claimed > RENEWAL_MILLISECONDS);
    const most = Math.max(AHEAD - this.#held.length, 0);
    const held = old.map((photo) => photo.id);
    const claimed = await post("/api/reviews/claims", { after, most, held });
    if (this.#isClosed) {
      this.#release(claimed.photos);
      return;
    }
    this.#after = claimed.after;
    this.isAtEnd = claimed.end;
    this.left = claimed.waiting - this.#unsent;
    // What an undo has brought back is in the queue as well.
    const added = claimed.photos.filter(({ id }) => !this.#held.some((photo) => photo.id === id));
    for (const photo of added) loadPicture(photo, this.#listener);
    this.#held.push(...added);
    for (const photo of [...added, ...old]) photo.claimed = now;
    for (const { id, why } of claimed.lost) this.#drop(id, why);
    for (const fault of claimed.faults) this.#listener.showNote(new ApiError(fault));
  }

  /** Saves a judgement; throws why it cannot be saved yet. */
  async #send(entry) {
    const { photo, label } = entry;
    entry.state = "sent";
    this.#unsent += 1;
    this.#count(1);
    try {
      await this.#call(() => post(`${pathOf(photo)}/judgement`, { label }));
      entry.state = "saved";
    } catch (error) {
      this.#count(-1);
      entry.state = isRefusal(error) ? "refused" : "unsaved";
      const fault = addName(error, `${photo.name} ${label === null ? "as none of these" : `as ${label}`}`);
      // How many are not saved is said apart from what is away.
      if (entry.state === "unsaved") throw error.isPassing ? error : fault;
      this.#done = this.#done.filter((other) => other !== entry);
      // The label is no class any more: the photo waits for another one.
      if (error.status === BAD_REQUEST) this.#held.unshift(photo);
      this.#listener.showNote(fault);
    } finally {
      this.#unsent -= 1;
      this.#listener.showChange();
    }
  }

  /** Takes away a photo that was judged or claimed by somebody else while it lay here for long. */
  #drop(id, why) {
    const lost = this.#held.find((photo) => photo.id === id);
    if (!lost) return;
    this.#held = this.#held.filter((photo) => photo !== lost);
    this.#listener.showNote(new ApiError(`${lost.name}: ${why}`));
  }

  #count(judged) {
    this.judged += judged;
    this.left -= judged;
  }

  #release(photos) {
    if (photos.length === 0) return;
    const body = { photos: photos.map((photo) => photo.id) };
    post("/api/reviews/release", body).catch(() => {});
  }
}

const pathOf = (photo) => `/api/reviews/${encodeURIComponent(photo.id)}`;

/** Whether the server's answer would be the same again. A token that is too old says nothing about the request. */
const isRefusal = ({ status }) => status >= 400 && status < 500 && status !== 401;

const addName = (error, name) => new ApiError(`${name}: ${error.message}`, error);

async function post(path, content) {
  const answer = await request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Reviewer": REVIEWER },
    body: JSON.stringify(content),
    // It arrives even if the tab is closed meanwhile.
    keepalive: true,
    signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
  });
  return answer.json();
}

/**
 * Fetches and decodes a photo's picture ahead, so that it is there at once. The photo gets `loading`, a promise,
 * and once that is kept, `picture`, to be rendered: the img, or why there is none.
 */
function loadPicture(photo, { keep, showChange }) {
  const load = async () => {
    const image = Object.assign(new Image(), { alt: `Photo ${photo.name}` });
    image.src = await fetchPhoto(`${pathOf(photo)}/picture`);
    await image.decode();
    photo.picture = image;
  };
  photo.picture = null;
  photo.loading = load().catch((error) => {
    if (error.isPassing) keep(() => load().then(showChange), error);
    else photo.picture = drawNotice(`The picture cannot be shown. ${error.message}`);
  });
}
