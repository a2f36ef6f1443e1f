/* Shows the photos that the model was not sure of, one after the other, and takes a person's judgement of each. */

import { fetchJson } from "../api.js";
import { create } from "../parts/element.js";
import { formatCount, formatQuantity } from "../parts/format.js";
import { createErrorLine, showAnswers } from "../parts/loading.js";
import { showWaiting } from "../parts/waiting_badge.js";
import { createKeyButton, createReviewCard } from "./review/card.js";
import { ReviewQueue } from "./review/queue.js";

const PAUSE_MILLISECONDS = 10_000;
const MOST_NOTES = 3;
/* The status for a label that is no class. */
const BAD_REQUEST = 400;

export function showReview(content, { signal }) {
  const place = create("div", { class: "stack" });
  content.append(place);
  const show = (shown, review) => startReview(content, shown, review, signal);
  showAnswers(place, ["/api/reviews"], show, signal);
}

function startReview(content, shown, review, signal) {
  const counts = create("strong");
  const said = create("p", { role: "status", class: "muted" });
  const faults = create("div", { class: "stack" });
  const notes = create("div", { class: "stack" });
  const desk = create("div", { class: "stack" });
  let did = "";
  let again = 0;

  /** Has a screen reader read a sentence aloud, with the number that stands beside it for those who see. */
  const say = (sentence) => {
    const left = create("span", { class: "unseen" }, ` ${formatCount(queue.left)} left.`);
    const spoken = create("p", {}, sentence.trim(), left);
    if (said.textContent !== spoken.textContent) said.replaceChildren(...spoken.childNodes);
  };
  const draw = () => {
    clearTimeout(again);
    const photo = queue.current;
    counts.textContent = `${formatCount(queue.left)} left, ${formatCount(queue.judged)} judged by you`;
    showWaiting(queue.left);
    undo.setAttribute("aria-disabled", String(!queue.canUndo || queue.isUndoing));
    const end = !photo && queue.isAtEnd ? describeEnd(queue) : "";
    say(photo ? `${did} Next: ${photo.name}.` : `${did} ${end}`);
    if (!end) card.show(photo);
    if (!end) place(card.element);
    // The same end stays, and the focus in it.
    else if (desk.firstChild?.ariaLabel !== end) place(createEnd(end, queue, review));
    if (end) again = setTimeout(() => queue.fill(), PAUSE_MILLISECONDS);
  };
  const place = (element) => {
    if (desk.firstChild !== element) desk.replaceChildren(element);
    // Whatever had the focus is gone, and with it the keys' way here.
    if (document.activeElement === document.body) element.focus({ preventScroll: true });
  };
  const showFault = (error, retry) => {
    clearTimeout(again);
    if (retry === null) return showNote(error);
    const line = createErrorLine(error, () => {
      line.remove();
      retry();
    });
    faults.append(line);
    if (!queue.current && !queue.isAtEnd) desk.replaceChildren();
    return line;
  };
  const showNote = (error) => {
    if ([...notes.children].some((note) => note.textContent === error.message)) return null;
    const line = create("p", { class: "notice error", role: "alert" }, error.message);
    notes.append(line);
    if (notes.children.length > MOST_NOTES) notes.firstChild.remove();
    if (error.status === BAD_REQUEST) renewCard().catch(() => {});
    return line;
  };
  /** Offers the classes that there are now: a deploy may have changed them since the view was opened. */
  const renewCard = async () => {
    const { classes } = await fetchJson("/api/reviews", signal);
    card = createReviewCard(classes, { judge, skip });
    draw();
  };

  const act = (sentence, change) => {
    if (!queue.current || queue.isUndoing) return;
    did = sentence;
    change();
    draw();
  };
  const judge = (label) =>
    act(label === null ? "Discarded." : `Routed as ${label}.`, () => queue.judge(label));
  const skip = () => act("Skipped.", () => queue.skip());
  const takeBack = async () => {
    if (!queue.canUndo || queue.isUndoing) return;
    const isBack = await queue.undo();
    did = isBack ? "Taken back." : "";
    draw();
  };

  const undo = createKeyButton("u", "Undo", takeBack);
  const queue = new ReviewQueue(review.waiting, { showChange: draw, showFault });
  let card = createReviewCard(review.classes, { judge, skip });

  const press = (event) => {
    const { target, repeat, ctrlKey, metaKey, altKey } = event;
    if (repeat || ctrlKey || metaKey || altKey || target.matches("input, select, textarea")) return;
    // On some keyboards the row of digits has them with the shift key only.
    const key = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? event.key.toLowerCase();
    const pressed = key === "u" ? takeBack : card.keys.get(key);
    if (!pressed) return;
    event.preventDefault();
    pressed();
  };
  // Not the document's keys: whoever types or speaks elsewhere on the page judges nothing.
  content.addEventListener("keydown", press, { signal });
  window.addEventListener("pagehide", () => queue.close(), { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(again);
    queue.close();
  });

  shown.append(
    create("div", { class: "row review-bar" }, counts, said, create("span", { class: "end" }, undo)),
    ...[review.advice].filter(Boolean).map((advice) => create("p", { class: "notice" }, advice)),
    faults,
    notes,
    desk,
  );
  draw();
  return queue.fill();
}

/** Says in a sentence that there is no photo to claim. */
function describeEnd({ left }) {
  if (left <= 0) return "Nothing waits for you.";
  const are = left === 1 ? "is skipped here or" : "are skipped here or";
  return `${formatQuantity(left, "photo")} ${are} being judged by somebody else.`;
}

/** Returns what stands in the place of the card then. */
function createEnd(sentence, queue, { incoming }) {
  const look = create("button", { type: "button", onclick: () => queue.restart() }, "Look again");
  const origin =
    "A photo of which the model is less sure than the threshold comes here by itself. " +
    `Put photos under ${incoming}, or try one here.`;
  const isEmpty = queue.left <= 0;
  return create(
    "section",
    { class: "card", tabindex: "-1", "aria-label": sentence },
    create("h2", {}, sentence),
    isEmpty ? create("p", {}, origin) : null,
    create(
      "p",
      { class: "row" },
      isEmpty ? create("a", { class: "button primary", href: "#/try" }, "Try a photo") : null,
      look,
    ),
  );
}
