/* The invocation under the pointer: what it was, when, and its picture. */

import { photo } from "../../api.js";
import { classMark } from "../../parts/class_mark.js";
import { element } from "../../parts/element.js";
import { probability, time } from "../../parts/format.js";
import { lowerBound, photoPath, thresholdInColumns } from "./invocations.js";
import { MARGIN } from "./scatter.js";

const REACH_PIXELS = 9;
/* Whoever passes over a hundred points does not want a hundred pictures. */
const REST_MILLISECONDS = 150;
const WIDTH = 220;

/** Shows over `canvas`, which lies in `place`, the invocation that is nearest to the pointer. */
export function showOnHover(place, canvas, invocations, lowest, range, signal) {
  const shown = element("div", { class: "hover", hidden: true });
  place.append(shown);
  let timer = 0;
  const hide = () => {
    clearTimeout(timer);
    shown.hidden = true;
  };
  const show = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - MARGIN, event.clientY - box.top - MARGIN];
    const [width, height] = [box.width - 2 * MARGIN, box.height - 2 * MARGIN];
    const index = nearest(invocations, { x, y, width, height, lowest, ...range() });
    if (index === null) return hide();
    if (!shown.hidden && shown.dataset.index === String(index)) return undefined;
    hide();
    const picture = element("img", { class: "tooltip-photo", alt: "" });
    timer = setTimeout(async () => {
      picture.src = await photo(photoPath(invocations, index), signal).catch(() => "");
    }, REST_MILLISECONDS);
    shown.replaceChildren(...described(invocations, index), picture);
    shown.dataset.index = index;
    shown.hidden = false;
    const left = canvas.offsetLeft + x + (x > width / 2 ? -WIDTH - 14 : 14);
    shown.style.left = `${Math.max(0, Math.min(left, place.clientWidth - WIDTH))}px`;
    shown.style.top = `${Math.max(0, canvas.offsetTop + Math.min(y, height - 150))}px`;
    return undefined;
  };
  place.addEventListener("pointermove", show, { signal });
  place.addEventListener("pointerdown", show, { signal });
  place.addEventListener("pointerleave", hide, { signal });
}

function nearest({ time: times, confidence }, { x, y, width, height, lowest, from, to }) {
  const seconds = (to - from) / width;
  const first = lowerBound(times, from + (x - REACH_PIXELS) * seconds);
  const last = lowerBound(times, from + (x + REACH_PIXELS) * seconds);
  let best = null;
  let least = REACH_PIXELS ** 2;
  for (let index = first; index < last; index += 1) {
    const across = (times[index] - from) / seconds - x;
    const down = ((1 - confidence[index]) / (1 - lowest)) * height - y;
    const distance = across ** 2 + down ** 2;
    if (distance <= least) [best, least] = [index, distance];
  }
  return best;
}

function described(invocations, index) {
  const { classes, time: times, confidence, predicted, truth } = invocations;
  return [
    element(
      "div",
      { class: "row" },
      classMark(classes, classes[predicted[index]]),
      element("strong", {}, probability(confidence[index], thresholdInColumns(invocations))),
    ),
    element("div", {}, time(times[index])),
    element(
      "div",
      { class: "muted" },
      truth[index] < 0 ? "What it shows is not known" : `It shows: ${classes[truth[index]]}`,
    ),
  ];
}
