/* Shows the photos that the model was not sure of, one after the other, and takes a person's judgement of each. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { repeat } from "/static/lit-html/directives/repeat.js";
import { fetchJson } from "../api.js";
import { drawError, drawNotice, showAnswers } from "../parts/answers.js";
import { formatCount, formatQuantity } from "../parts/format.js";
import { showWaiting } from "../parts/waiting_badge.js";
import { drawKeyButton, drawReviewCard, listKeys } from "./review/card.js";
import { ReviewQueue } from "./review/queue.js";

const PAUSE_MILLISECONDS = 10_000;
const MOST_NOTES = 3;
/* The status for a label that is no class. */
const BAD_REQUEST = 400;

export function showReview(content, context) {
  let drawReview;
  const { redraw } = showAnswers(
    content,
    ["/api/reviews"],
    (review) => {
      drawReview ??= startReview(content, review, context, () => redraw());
      return drawReview();
    },
    context,
  );
}

/** Starts to claim photos; returns a function that draws them, for `redraw` to show. */
function startReview(content, review, { freshness, signal }, redraw) {
  let { classes, other_class: other } = review;
  let did = "";
  let judgement = null;
  // What is said in place of the card once there is no photo to claim.
  let end = "";
  let shown = null;
  let again = 0;
  let notes = [];

  const showChange = () => {
    clearTimeout(again);
    const photo = queue.current;
    const former = end;
    end = !photo && queue.isAtEnd ? describeEnd(queue) : "";
    showWaiting(queue.left);
    if (photo !== shown) photo?.loading.then(() => photo === shown && redraw());
    shown = photo;
    redraw();
    if (end) again = setTimeout(() => queue.fill(), PAUSE_MILLISECONDS);
    // Whatever had the focus is gone, and with it the keys' way here.
    if ((!end || end !== former) && document.activeElement === document.body) {
      content.querySelector("section").focus({ preventScroll: true });
    }
  };
  const keep = (load, error, until) => {
    clearTimeout(again);
    freshness.keep(load, null, error, until);
  };
  const showNote = (error) => {
    if (notes.some((note) => note.message === error.message)) return;
    notes = [...notes, error].slice(-MOST_NOTES);
    redraw();
    if (error.status === BAD_REQUEST) renewClasses().catch(() => {});
  };
  /** Offers the classes that there are now: a deploy may have changed them since the view was opened. */
  const renewClasses = async () => {
    ({ classes, other_class: other } = await fetchJson("/api/reviews", signal));
    showChange();
  };

  const act = (sentence, change) => {
    if (!queue.current || queue.isUndoing) return;
    did = sentence;
    judgement = change();
    showChange();
  };
  const judge = (label) =>
    act(label === null ? "Discarded." : `Routed as ${label}.`, () => queue.judge(label));
  const skip = () => act("Skipped.", () => queue.skip());
  const takeBack = async () => {
    if (!queue.canUndo || queue.isUndoing) return;
    judgement = null;
    try {
      did = (await queue.undo()) ? "Taken back." : "";
    } catch (error) {
      did = "Not taken back. Undo it again once that is over.";
      const forget = () => {
        did = "";
        showChange();
      };
      freshness.wait(error, forget);
    }
    showChange();
  };

  const queue = new ReviewQueue(review.waiting, { showChange, showNote, keep });

  const press = (event) => {
    const { target, repeat: isHeld, ctrlKey, metaKey, altKey } = event;
    if (isHeld || ctrlKey || metaKey || altKey || target.matches("input, select, textarea")) return;
    // On some keyboards the row of digits has them with the shift key only.
    const key = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? event.key.toLowerCase();
    const pressed = key === "u" ? takeBack : listKeys(classes, judge, skip).get(key);
    if (!pressed) return;
    event.preventDefault();
    pressed();
  };
  // Not the document's keys: whoever types or speaks in the navigation judges nothing. The focus comes to the heading.
  content.closest("main").addEventListener("keydown", press, { signal });
  window.addEventListener("pagehide", () => queue.close(), { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(again);
    queue.close();
  });
  queue.fill();

  /** Says what was done last, as far as it holds. */
  const describeLast = () => {
    const { unsaved } = queue;
    if (unsaved) return `${formatQuantity(unsaved, "judgement")} not saved yet, sent again once that is over.`;
    return judgement?.state === "refused" ? "" : did;
  };

  return () => {
    const photo = queue.current;
    const sentence = `${describeLast()} ${photo ? `Next: ${photo.name}.` : end}`.trim();
    const isUndoable = queue.canUndo && !queue.isUndoing;
    let desk = nothing;
    if (end) desk = drawEnd(end, queue, review);
    else if (photo || !queue.isStuck) desk = drawReviewCard(photo, classes, other, judge, skip);
    return html`
      <div class="row review-bar">
        <strong>${formatCount(queue.left)} left, ${formatCount(queue.judged)} judged by you</strong>
        <p role="status" class="muted">${sentence}<span class="unseen"> ${formatCount(queue.left)} left.</span></p>
        <span class="end">${drawKeyButton("u", "Undo", takeBack, !isUndoable)}</span>
      </div>
      ${review.advice ? drawNotice(review.advice) : nothing}
      <div class="stack">${repeat(
        notes,
        (note) => note,
        (note) => drawError(note),
      )}</div>
      ${desk}
    `;
  };
}

/** Says in a sentence that there is no photo to claim. */
function describeEnd({ left: waiting, unsaved }) {
  const left = waiting - unsaved;
  if (left <= 0) return "Nothing waits for you.";
  const are = left === 1 ? "is skipped here or" : "are skipped here or";
  return `${formatQuantity(left, "photo")} ${are} being judged by somebody else.`;
}

/** Draws what stands in the place of the card then. */
function drawEnd(sentence, queue, { incoming }) {
  const isEmpty = queue.left <= queue.unsaved;
  const origin = html`<p>
    A photo of which the model is less sure than the threshold comes here by itself. Put photos under
    ${incoming}, or try one here.
  </p>`;
  return html`<section class="card" tabindex="-1" aria-label=${sentence}>
    <h2>${sentence}</h2>
    ${isEmpty ? origin : nothing}
    <p class="row">
      ${isEmpty ? html`<a class="button primary" href="#/try">Try a photo</a>` : nothing}
      <button type="button" @click=${() => queue.restart()}>Look again</button>
    </p>
  </section>`;
}
