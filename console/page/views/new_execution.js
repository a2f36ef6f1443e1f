/* Starts an execution from an event in JSON, or from a photo in S3. */

import { html } from "/static/lit-html/lit-html.js";
import { request } from "../api.js";
import { drawNotStarted, showAnswers } from "../parts/answers.js";
import { drawCard } from "../parts/card.js";

const URI = /^s3:\/\/([^/]+)\/(.+)$/s;

export function showNewExecution(place, context) {
  const { freshness, parameters, signal } = context;
  const from = parameters.get("from");
  let text = null;
  let isTouched = false;
  let uri = "";
  let error = null;
  let isStarting = false;

  const type = (change) => (event) => {
    change(event.target.value);
    error = null;
    shown.redraw();
  };
  const forget = () => {
    error = null;
    shown.redraw();
  };
  const start = async (event, input) => {
    event.preventDefault();
    isStarting = true;
    error = null;
    shown.redraw();
    try {
      const body = JSON.stringify({ input });
      const answer = await request("/api/executions", { method: "POST", body, signal });
      const { id } = await answer.json();
      window.location.hash = `#/executions/${encodeURIComponent(id)}`;
    } catch (failure) {
      isStarting = false;
      if (signal.aborted) return;
      error = failure;
      shown.redraw();
      if (error.isPassing) freshness.wait(error, forget);
    }
  };

  const draw = (deployment, execution = null) => {
    text ??= JSON.stringify(makeEvent(deployment.bucket, execution?.input), null, 2);
    const [input, fault] = readEvent(text);
    const [, bucket, key] = URI.exec(uri.trim()) ?? [];
    const isUriWrong = uri.trim() !== "" && !key;
    return html`${error ? drawNotStarted(error) : ""}
    ${drawCard(
      "From an event",
      html`<form class="stack" @submit=${(event) => start(event, input)}>
        <label class="stack"
          >${execution ? `The input of ${execution.name ?? execution.id}` : "The event, in JSON"}
          <textarea
            spellcheck="false"
            autocomplete="off"
            aria-describedby="event-fault"
            aria-invalid=${isTouched && fault !== null}
            .value=${text}
            @input=${type((value) => {
              text = value;
              isTouched = true;
            })}
          ></textarea>
        </label>
        <p id="event-fault" class="small ${isTouched && fault ? "fault" : "muted"}" aria-live="polite">
          ${fault ?? "The workflow reads s3_bucket and s3_key, and s3_version if it is there; it fills image_data itself."}
        </p>
        <p><button
            class="primary"
            aria-label="Start execution from the event"
            ?disabled=${fault !== null || isStarting}
          >
            Start execution
          </button></p>
      </form>`,
    )}
    ${drawCard(
      "From a photo in S3",
      html`<form class="stack" @submit=${(event) => start(event, makeEvent(bucket, { s3_key: key }))}>
        <label class="stack"
          >S3 URI of the photo
          <input
            type="text"
            spellcheck="false"
            autocomplete="off"
            placeholder="s3://${deployment.bucket ?? "BUCKET"}/KEY"
            aria-describedby="uri-fault"
            aria-invalid=${isUriWrong}
            .value=${uri}
            @input=${type((value) => (uri = value))}
          />
        </label>
        <p id="uri-fault" class="small ${isUriWrong ? "fault" : "muted"}" aria-live="polite">
          ${isUriWrong ? "An S3 URI is s3://BUCKET/KEY" : "The workflow's role must be allowed to read it."}
        </p>
        <p><button class="primary" aria-label="Start execution from the S3 URI" ?disabled=${!key || isStarting}>
            Start execution
          </button></p>
      </form>`,
    )}`;
  };
  const paths = ["/api/deployment"];
  if (from) paths.push(`/api/executions/${encodeURIComponent(from)}`);
  const shown = showAnswers(place, paths, draw, context);
}

/** Returns the event as AWS's console takes it; the workflow fills `image_data` itself, whatever stood there. */
function makeEvent(bucket, input) {
  const event = { image_data: "", s3_bucket: bucket ?? "", s3_key: "", ...input };
  return { ...event, image_data: "" };
}

/** Returns the event that a text is, and what is wrong with it in one line; null where nothing is. */
function readEvent(text) {
  let event;
  try {
    event = JSON.parse(text);
  } catch (error) {
    return [null, `This is no JSON yet: ${error.message}`];
  }
  if (event === null || typeof event !== "object" || Array.isArray(event)) {
    return [null, "An object is expected: { … }"];
  }
  // Elsewhere in the event, a body or what S3 tells, the photo is found by the server.
  if ("body" in event || "Records" in event || "detail" in event) return [event, null];
  for (const name of ["s3_bucket", "s3_key"]) {
    if (typeof event[name] === "string" && event[name] !== "") continue;
    const kind = describeKind(event[name]);
    return [null, `${name} is ${kind}: a text is expected`];
  }
  return [event, null];
}

function describeKind(value) {
  if (value === undefined) return "missing";
  if (value === "") return "empty";
  if (value === null || typeof value === "boolean") return `${value}`;
  if (typeof value === "number") return "a number";
  return Array.isArray(value) ? "a list" : "an object";
}
