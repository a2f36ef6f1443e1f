/* Draws a photo of the batch: a row with what became of it in a word and why, which opens to all about it. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawError } from "../../parts/answers.js";
import { drawClass } from "../../parts/class_mark.js";
import {
  NONE_OF_THE_CLASSES,
  describeNone,
  drawAnswer,
  drawAnswerBars,
  drawSteps,
} from "../../parts/execution_states.js";
import { drawFileName } from "../../parts/file_name.js";
import { formatCount, formatDuration, formatProbability, formatThreshold } from "../../parts/format.js";
import { drawOutcome } from "../../parts/outcome.js";
import "../../parts/photo_image.js";
import { STOPPED } from "./batch.js";

/* On a phone a photo with all its steps is longer than the screen. */
const WIDE = window.matchMedia("(min-width: 48rem)");

/**
 * Draws a photo.
 *
 * @param {number} ahead How many wait before it.
 * @param {{batch: Batch, classes: string[], threshold: number|null, redraw: () => void}} context
 */
export function drawPhoto(photo, ahead, context) {
  const { batch } = context;
  const isOpen = batch.isOpen(photo);
  const toggle = (event) => {
    event.preventDefault();
    batch.toggle(photo);
  };
  return html`<article class="sent" aria-label="Photo ${photo.name}">
    <details .open=${isOpen}>
      <summary @click=${toggle}>
        <span class="thumbnail">${drawPicture(photo, "thumbnail", "", context)}</span>
        ${drawFileName(photo.name, photo.path ?? photo.name)} ${drawState(photo, ahead)}
        <span class="why">${drawReason(photo, context)}</span>
        <span class="took">${photo.execution ? formatDuration(photo.execution.milliseconds) : ""}</span>
      </summary>
      ${isOpen ? drawDetails(photo, context) : nothing}
    </details>
  </article>`;
}

function drawState({ state, reason }, ahead) {
  if (state === "queued") return drawOutcome("queued", ahead ? `Queued (${formatCount(ahead)} ahead)` : "Queued");
  if (state === "uploading") return drawOutcome("running", "uploading");
  if (state === "unknown") return drawOutcome("discarded", "unknown");
  if (reason === STOPPED) return drawOutcome("discarded", "not sent");
  return drawOutcome(state === "not sent" ? "failed" : state, state);
}

function drawReason(photo, { classes }) {
  const { state, reason, execution } = photo;
  const note = describeSending(photo);
  const words = {
    running: execution?.states?.at(-1)?.name,
    failed: [execution?.error, execution?.cause].filter(Boolean).join(": "),
    "not sent": reason,
    unknown: reason,
  }[state];
  const told = note ? html`<span class="muted">${note}</span>` : "";
  if (words) return html`<span class="truncated" title=${words}>${words}</span> ${told}`;
  if (!execution?.predicted_class) return told;
  const { predicted_class: predicted, confidence, threshold, error, cause } = execution;
  if (error === NONE_OF_THE_CLASSES) return html`${describeNone(cause)} ${told}`;
  const needed = state === "refused" && threshold ? `${formatThreshold(threshold)} is needed` : null;
  return html`${drawClass(classes, predicted)} ${formatProbability(confidence)}
    ${needed ? html`<span class="muted">${needed}</span>` : ""} ${told}`;
}

/** Says what was done to a photo before it was sent, and its name since, if that is another one. */
const describeSending = ({ note, sentAs }) => [note, sentAs && `Sent as ${sentAs}.`].filter(Boolean).join(" ");

function drawDetails(photo, context) {
  const { id, state, execution, sample, reason, fault } = photo;
  const note = describeSending(photo);
  const { batch, classes, threshold } = context;
  const isFollowed = Boolean(execution?.states);
  const picture = drawPicture(photo, "picture", `Your photo ${photo.name}`, context);
  return html`<div class=${picture === nothing ? "details" : "details side-by-side"}>
    ${picture}
    <div class="stack">
      <div class="stack" aria-live="polite">
        ${isFollowed ? drawAnswer(execution) : ""}
        ${["not sent", "unknown"].includes(state)
          ? html`<p class="notice ${reason === STOPPED ? "" : "error"}" role="alert">
              ${drawSentence(state, reason)}
            </p>`
          : ""}
      </div>
      ${batch.canSendAgain(photo)
        ? html`<p><button type="button" @click=${() => batch.sendAgain([photo])}>Send</button></p>`
        : ""}
      ${isFollowed
        ? [drawAnswerBars(execution, classes, threshold), drawFoldedSteps(execution)]
        : ""}
      ${sample ? html`<p>True class: ${sample.label}</p>` : ""} ${note ? html`<p class="muted">${note}</p>` : ""}
      ${fault ? drawError(fault) : ""}
      ${id ? html`<p><a href="#/executions/${encodeURIComponent(id)}">Execution details</a></p>` : ""}
    </div>
  </div>`;
}

function drawFoldedSteps(execution) {
  const steps = drawSteps(execution);
  return WIDE.matches ? steps : html`<details><summary>Steps</summary>${steps}</details>`;
}

const drawSentence = (state, reason) => `${state === "not sent" ? "Not sent" : "Not known"}: ${reason.replace(/\.$/, "")}.`;

/** Draws the file itself; where there is none, or this browser cannot show it, what the server makes of it. */
function drawPicture(photo, size, alt, { redraw }) {
  const path = photo.sample?.picture ?? (photo.id ? `/api/executions/${encodeURIComponent(photo.id)}/photo` : null);
  if (photo.file && !photo.isUnshowable && !photo.isUnfit) {
    photo.address ??= URL.createObjectURL(photo.file);
    const showOther = () => {
      photo.isUnshowable = true;
      redraw();
    };
    return html`<img class=${size} src=${photo.address} alt=${alt} loading="lazy" decoding="async" @error=${showOther} />`;
  }
  return path ? html`<photo-image class=${size} path=${path} alt=${alt}></photo-image>` : nothing;
}
