/* The event stream to the server: it is there while somebody wants it, and comes back by itself. */

const FIRST_PAUSE_MILLISECONDS = 500;
const LAST_PAUSE_MILLISECONDS = 2000;
/* From one view to the next nobody wants it for a moment. */
const LINGER_MILLISECONDS = 3000;
/* The server says something every few seconds, and be it nothing. */
const SILENCE_MILLISECONDS = 20_000;

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class ChangesStream {
  #headers;
  #tell;
  #wanted = new Set();
  /* What the server follows for this stream; it drops by itself what has ended. */
  #followed = new Set();
  #name = null;
  #isSending = false;
  #isOver = false;
  #leaving = null;
  #lingering = null;

  /**
   * @param {string} token The session's.
   * @param {(message: object) => void} tell Is told `{execution}`; or, where one cannot be followed, its `id` with an
   *   error; or what ails `{server}` or `{cloud}`, null for nothing. Errors are as the API answers them.
   */
  constructor(token, tell) {
    this.#headers = { Authorization: `Bearer ${token}` };
    this.#tell = tell;
  }

  /** Follows these executions and no others. It is open while there are any, or while somebody looks on live. */
  want(executions, isLive) {
    this.#wanted = new Set(executions);
    if (this.#wanted.size || isLive) {
      clearTimeout(this.#lingering);
      this.#lingering = null;
      if (this.#leaving) this.#send();
      else this.#run();
    } else if (this.#leaving) {
      this.#lingering ??= setTimeout(() => this.#close(), LINGER_MILLISECONDS);
    }
  }

  #close() {
    this.#lingering = null;
    this.#leaving.abort();
    this.#leaving = null;
    this.#name = null;
    // Nobody looks whether that is still so.
    if (!this.#isOver) this.#tell({ server: null, cloud: null });
  }

  async #run() {
    if (this.#isOver) return;
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    let pause = FIRST_PAUSE_MILLISECONDS;
    while (!signal.aborted) {
      const status = await this.#listen(signal, () => {
        pause = FIRST_PAUSE_MILLISECONDS;
      });
      if (signal.aborted) return;
      this.#name = null;
      // Another token is another start of the server, which no later attempt changes.
      this.#isOver = status === 401;
      if (this.#isOver) return;
      await wait(pause);
      pause = Math.min(pause * 2, LAST_PAUSE_MILLISECONDS);
    }
  }

  /** Tells what the server says until the stream breaks off; returns its last HTTP status, null without an answer. */
  async #listen(signal, greet) {
    const silence = new AbortController();
    let silent = 0;
    const hear = () => {
      clearTimeout(silent);
      silent = setTimeout(() => silence.abort(), SILENCE_MILLISECONDS);
    };
    let status = null;
    try {
      hear();
      const response = await fetch("/api/changes", {
        headers: this.#headers,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      ({ status } = response);
      if (response.ok) {
        for await (const event of readEvents(response.body, hear)) {
          greet();
          this.#take(event);
        }
      }
    } catch {
      // A server that is gone and one that breaks off are told alike.
    } finally {
      clearTimeout(silent);
    }
    if (!signal.aborted) this.#tell({ server: { status }, cloud: null });
    return status;
  }

  #take({ stream, ...event }) {
    if (stream) {
      this.#name = stream;
      this.#followed = new Set();
      this.#tell({ server: null, ...event });
      this.#send();
      return;
    }
    const { execution, id } = event;
    if (id || (execution && execution.outcome !== "running")) this.#followed.delete(id ?? execution.id);
    this.#tell(event);
  }

  /** Has the server follow what is wanted; one request at a time, and none where it does so already. */
  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    const hasNews = () =>
      this.#followed.size !== this.#wanted.size || [...this.#wanted].some((id) => !this.#followed.has(id));
    while (this.#name !== null && hasNews()) {
      const [name, wanted] = [this.#name, new Set(this.#wanted)];
      // The server's first word on one may be here before its answer.
      this.#followed = wanted;
      const response = await fetch(`/api/changes/${name}`, {
        method: "PUT",
        headers: this.#headers,
        body: JSON.stringify({ executions: [...wanted] }),
      }).catch(() => null);
      if (response?.ok) continue;
      if (this.#followed === wanted) this.#followed = new Set();
      await wait(FIRST_PAUSE_MILLISECONDS);
    }
    this.#isSending = false;
  }
}

/** Yields the JSON of each server-sent event; calls `hear` for whatever arrives. */
async function* readEvents(body, hear) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    hear();
    const blocks = (unread + value).split("\n\n");
    unread = blocks.pop();
    for (const block of blocks) {
      if (block.startsWith("data: ")) yield JSON.parse(block.slice("data: ".length));
    }
  }
}
