/* Calls the server's API. Every call carries the session's token, which stands in the page and in no address. */

const TOKEN = document.querySelector('meta[name="session-token"]').content;
const KEPT_PHOTOS = 200;
const photos = new Map();

/** A call that failed: the message is one line for the reader, `status` the HTTP status if there was an answer. */
export class ApiError extends Error {
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

/**
 * Fetches a path under /api.
 *
 * @returns {Promise<Response>}
 * @throws {ApiError} The server cannot be reached, or it refuses.
 */
export async function request(path, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${TOKEN}` };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(
      "The console's server does not answer. Is it still running? Start it with: python -m console",
    );
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new ApiError(answer.error ?? `The server answered ${response.status} to ${path}`, response.status);
}

/** Fetches the JSON at a path. */
export async function fetchJson(path, signal) {
  return (await request(path, { signal })).json();
}

/** Yields the JSON of each server-sent event, until the server ends the stream. */
export async function* readEvents(path, signal) {
  const reader = (await request(path, { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (unread + value.replaceAll("\r\n", "\n")).split("\n\n");
    unread = blocks.pop();
    for (const block of blocks) {
      const data = block
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart())
        .join("\n");
      if (data) yield JSON.parse(data);
    }
  }
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
