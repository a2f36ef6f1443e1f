/* The card of the photo to judge: its picture, why it waits, and a button for each judgement. */

import { createClassMark } from "../../parts/class_mark.js";
import { create } from "../../parts/element.js";
import { formatProbability, formatThreshold, formatTime } from "../../parts/format.js";
import { createProbabilityBars } from "../../parts/probability_bars.js";

const MOST_KEYS = 9;

/** Returns a button that a key presses too; the key stands on it. */
export function createKeyButton(key, label, onclick) {
  return create(
    "button",
    { type: "button", "aria-keyshortcuts": key, onclick },
    label,
    create("kbd", { "aria-hidden": "true" }, key),
  );
}

/**
 * Returns the card. Its buttons stay while photos come and go, so that the focus stays on the one that was pressed.
 *
 * @param {string[]} classes The classes in their order.
 * @param {{judge: (label: string|null) => void, skip: () => void}} act What the buttons do.
 * @returns {{element: Element, keys: Map<string, () => void>, show: (photo: object|null) => void}} The keys that
 *   do the same as the buttons, and a function that shows a photo; null where the next one is still claimed.
 */
export function createReviewCard(classes, { judge, skip }) {
  const discard = () => judge(null);
  const keyed = classes.slice(0, MOST_KEYS).map((name, index) => [String(index + 1), name]);
  const frame = create("div", { class: "review-frame" });
  const name = create("h2", { class: "truncated" });
  const facts = create("div", { class: "stack" });
  const element = create(
    "section",
    { class: "card review", tabindex: "-1", "aria-label": "Photo to judge" },
    frame,
    create(
      "div",
      { class: "stack" },
      name,
      create(
        "div",
        { class: "judgements", role: "group", "aria-label": "What does it show?" },
        keyed.map(([key, label]) => createKeyButton(key, createClassMark(classes, label), () => judge(label))),
      ),
      classes.length > MOST_KEYS ? createFinder(classes, judge) : null,
      create(
        "div",
        { class: "judgements" },
        createKeyButton("n", "None of these", discard),
        createKeyButton("s", "Skip", skip),
      ),
      facts,
    ),
  );
  const keys = new Map(keyed.map(([key, label]) => [key, () => judge(label)]));
  keys.set("n", discard).set("0", discard).set("s", skip);
  let shown;
  const show = (photo) => {
    if (photo === shown) return;
    shown = photo;
    name.textContent = photo?.name ?? "The next photo is on its way…";
    name.title = photo?.key ?? "";
    facts.replaceChildren(...(photo ? createFacts(photo, classes) : []));
    frame.replaceChildren(photo?.picture ?? create("p", { class: "muted" }, "Loading the picture…"));
    photo?.loading.then(() => {
      if (photo === shown) frame.replaceChildren(photo.picture);
    });
  };
  return { element, keys, show };
}

/** Returns a field that finds any of many classes by what is typed. */
function createFinder(classes, judge) {
  const field = create("input", {
    list: "classes",
    autocomplete: "off",
    oninput: () => field.setCustomValidity(""),
  });
  const submit = (event) => {
    event.preventDefault();
    const label = classes.find((name) => name.toLowerCase() === field.value.trim().toLowerCase());
    if (label === undefined) {
      field.setCustomValidity(`There is no class "${field.value}": choose one of the list.`);
      field.reportValidity();
      return;
    }
    field.value = "";
    judge(label);
  };
  return create(
    "form",
    { class: "filters", onsubmit: submit },
    create("label", {}, "Another class", field),
    create(
      "datalist",
      { id: "classes" },
      classes.map((value) => create("option", { value })),
    ),
    create("button", {}, "Route as this"),
  );
}

function createFacts(photo, classes) {
  const { probabilities, threshold, execution } = photo;
  return [
    create("p", {}, explainWaiting(photo, classes)),
    createProbabilityBars(Object.entries(probabilities), classes, threshold),
    create(
      "p",
      { class: "muted small" },
      `Arrived ${formatTime(photo.arrived)}. `,
      create("a", { href: `#/executions/${encodeURIComponent(execution)}` }, "See its execution"),
    ),
  ];
}

function explainWaiting({ predicted_class: predicted, confidence, threshold }, classes) {
  const known = classes.includes(predicted) ? "" : ", a class that there is no longer";
  return (
    `It waits because the model takes it for ${predicted}${known}, with a confidence of only ` +
    `${formatProbability(confidence)}: photos are routed from ${formatThreshold(threshold)} on.`
  );
}
