/* Calls the server's API. Every call carries the session's token, which stands in the page and in no address. */

const readMeta = (name, page = document) => page.querySelector(`meta[name="${name}"]`)?.content;
let token = readMeta("session-token");
let renewing = null;
/** What the page calls the cloud. */
export const CLOUD = readMeta("cloud");
/* Where `make page` serves. */
const USUAL_PORT = "8080";
const KEPT_PHOTOS = 200;
const photos = new Map();

/**
 * A call that failed: the message is one line for the reader, `status` the HTTP status if there was an answer,
 * `command` what to run against it, if anything. A failure `isPassing` where the page heals by itself once the server
 * or the cloud is back.
 */
export class ApiError extends Error {
  constructor(message, { status = null, command = null, isPassing = false } = {}) {
    super(message);
    Object.assign(this, { status, command, isPassing });
  }
}

/** Returns the error that an answer of the API tells. */
export const createApiError = ({ error, status = null, command = null, passing = false }) =>
  new ApiError(error, { status, command, isPassing: passing });

/** Returns the error of a server that does not answer, or, by status 401, is one that this page does not belong to. */
export function createServerError(status) {
  if (status === 401) return new ApiError("The page's server was started anew, with another page.", { status });
  const { port } = window.location;
  const command = port === USUAL_PORT ? "make page" : `python -m console --port ${port}`;
  return new ApiError("The page's server does not answer. Start it:", { command, isPassing: true });
}

/** Returns the session's token. */
export const getToken = () => token;

/**
 * Takes the token of a server that was started anew, which stands in its page. One that shows another deployment, or
 * has another version of the page, is not taken for the same: what waits here is not for it.
 *
 * @param {string} refused The token that is good no more.
 * @returns {Promise<boolean>} Whether there is another one.
 * @throws {ApiError} The server cannot be reached.
 */
export async function renewToken(refused) {
  if (token === refused) await (renewing ??= fetchToken().finally(() => (renewing = null)));
  return token !== refused;
}

async function fetchToken() {
  const answer = await fetch("/").then((response) => response.text(), () => null);
  if (answer === null) throw createServerError(null);
  const page = new DOMParser().parseFromString(answer, "text/html");
  const isSame = ["cloud", "deployment"].every((name) => readMeta(name, page) === readMeta(name));
  if (isSame) token = readMeta("session-token", page);
}

/**
 * Fetches a path under /api.
 *
 * @returns {Promise<Response>}
 * @throws {ApiError} The server cannot be reached, or it refuses.
 */
export async function request(path, options = {}) {
  const sent = token;
  const headers = { ...options.headers, Authorization: `Bearer ${sent}` };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw createServerError(null);
  }
  const { ok, status } = response;
  if (ok) return response;
  if (status === 401) {
    if (await renewToken(sent)) return request(path, options);
    throw createServerError(status);
  }
  const answer = await response.json().catch(() => ({ error: `The server answered ${status} to ${path}` }));
  throw createApiError({ ...answer, status });
}

/** Fetches the JSON at a path. */
export async function fetchJson(path, signal) {
  return (await request(path, { signal })).json();
}

/** Returns an address of the picture at a path, for an img. The last ones are kept: hovering does not fetch twice. */
export async function fetchPhoto(path, signal) {
  if (!photos.has(path)) {
    const blob = await (await request(path, { signal })).blob();
    if (!photos.has(path)) photos.set(path, URL.createObjectURL(blob));
    if (photos.size > KEPT_PHOTOS) {
      const [oldest, address] = photos.entries().next().value;
      URL.revokeObjectURL(address);
      photos.delete(oldest);
    }
  }
  return photos.get(path);
}
