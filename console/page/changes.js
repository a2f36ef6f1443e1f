/* Follows executions until they have ended, and the server and the cloud while somebody looks: over one stream. */

import { createApiError, createServerError, getToken, renewToken } from "./api.js";
import { ChangesStream } from "./changes_stream.js";

/** Dispatches "news" when the server or the cloud has gone or is back; its `detail` is an ApiError, or null. */
export const news = new EventTarget();

/* Of each execution that is followed: who is told of it, and what was told last. */
const followed = new Map();
let isLive = false;
let fault = null;
let want = null;
let leave = () => {};
/* The token that the stream began with. */
let joined = null;
const PAUSE_MILLISECONDS = 1000;

/**
 * Calls `show` with an execution as it is now and at each change, until it has ended or the signal is aborted. While
 * the server or the cloud is away it waits.
 *
 * @param {string} id The execution's name.
 * @param {(execution: object) => void} show
 * @param {AbortSignal} [signal]
 * @returns {Promise<object>} The execution once it has ended.
 * @throws {ApiError} There is no such execution, or the server is another one.
 */
export function followExecution(id, show, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (!followed.has(id)) followed.set(id, { listeners: new Set(), last: null });
    const { listeners, last } = followed.get(id);
    const end = (settle, value) => {
      if (!listeners.delete(listen)) return;
      signal?.removeEventListener("abort", abort);
      if (!listeners.size && followed.get(id)?.listeners === listeners) followed.delete(id);
      settle(value);
      update();
    };
    const abort = () => end(reject, signal.reason);
    const listen = ({ execution, ...error }) => {
      if (!execution) return end(reject, createApiError(error));
      try {
        show(execution);
      } catch (thrown) {
        return end(reject, thrown);
      }
      if (execution.outcome !== "running") end(resolve, execution);
    };
    listeners.add(listen);
    signal?.addEventListener("abort", abort);
    if (last) queueMicrotask(() => listeners.has(listen) && listen(last));
    if (fault?.status === 401) end(reject, fault);
    update();
  });
}

/** Returns what "news" told last. */
export const getFault = () => fault;

/** Says whether somebody looks at the page: then "news" tells when the cloud or the server has gone. */
export function setLive(live) {
  if (live === isLive) return;
  isLive = live;
  update();
}

function update() {
  if (want === null && (followed.size || isLive)) connect();
  want?.([...followed.keys()], isLive);
}

/** Has all tabs share a stream in a worker; where that cannot be had this tab has its own. */
function connect() {
  leave();
  joined = getToken();
  if (!window.SharedWorker || !navigator.locks) return standAlone();
  const worker = new SharedWorker("/static/changes_worker.js", { type: "module", name: joined });
  leave = () => worker.port.close();
  worker.onerror = standAlone;
  worker.port.onmessage = ({ data }) => take(data);
  const post = (message) => worker.port.postMessage(message);
  want = (executions, live) => post({ executions, isLive: live });
  // The worker waits for this lock, which ends with the tab.
  const lock = `tab ${crypto.randomUUID()}`;
  navigator.locks.request(lock, () => {
    post({ lock, executions: [...followed.keys()], isLive });
    return new Promise(() => {});
  });
}

function standAlone() {
  const stream = new ChangesStream(joined, take);
  want = (executions, live) => stream.want(executions, live);
  update();
}

function take(message) {
  const { execution, id = execution?.id } = message;
  if (id === undefined) return takeFault(message);
  const following = followed.get(id);
  if (!following) return;
  if (execution?.outcome === "running") following.last = message;
  else followed.delete(id);
  for (const listen of [...following.listeners]) listen(message);
}

/** Goes on with a server that was started anew, or says that it is another one. */
async function rejoin(server) {
  const refused = joined;
  try {
    if (!(await renewToken(refused))) sayFault({ server });
    else if (joined === refused) connect();
  } catch {
    setTimeout(rejoin, PAUSE_MILLISECONDS, server);
  }
}

function takeFault({ server, cloud }) {
  if (server?.status === 401) rejoin(server);
  else sayFault({ server, cloud });
}

function sayFault({ server, cloud }) {
  const before = fault;
  fault = server ? createServerError(server.status) : cloud && createApiError(cloud);
  if (fault?.message === before?.message) return;
  if (fault?.status === 401) {
    const lost = { error: fault.message, status: fault.status };
    for (const { listeners } of [...followed.values()]) for (const listen of [...listeners]) listen(lost);
  }
  news.dispatchEvent(new CustomEvent("news", { detail: fault }));
}
