/* Shows the invocation under the pointer: class, confidence, time and picture. */

import { fetchPhoto } from "../../api.js";
import { createClassMark } from "../../parts/class_mark.js";
import { create } from "../../parts/element.js";
import { formatProbability, formatTime } from "../../parts/format.js";
import { findLowerBound, getPhotoPath } from "./invocations.js";
import { MARGIN } from "./scatter.js";

const REACH_PIXELS = 9;
/* A pointer that passes over a hundred points must not fetch a hundred pictures. */
const REST_MILLISECONDS = 150;
const WIDTH = 220;

/** Shows over `canvas`, which lies in `place`, the invocation that is nearest to the pointer. */
export function showOnHover(place, canvas, invocations, lowest, range, signal) {
  const shown = create("div", { class: "hover", hidden: true });
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
    const index = findNearest(invocations, { x, y, width, height, lowest, ...range() });
    if (index === null) return hide();
    if (!shown.hidden && shown.dataset.index === String(index)) return undefined;
    hide();
    const picture = create("img", { class: "tooltip-photo", alt: "" });
    timer = setTimeout(async () => {
      picture.src = await fetchPhoto(getPhotoPath(invocations, index), signal).catch(() => "");
    }, REST_MILLISECONDS);
    shown.replaceChildren(...describe(invocations, index), picture);
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

function findNearest({ time: times, confidence }, { x, y, width, height, lowest, from, to }) {
  const seconds = (to - from) / width;
  const first = findLowerBound(times, from + (x - REACH_PIXELS) * seconds);
  const last = findLowerBound(times, from + (x + REACH_PIXELS) * seconds);
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

function describe(invocations, index) {
  const { classes, time: times, confidence, predicted, truth } = invocations;
  return [
    create(
      "div",
      { class: "row" },
      createClassMark(classes, classes[predicted[index]]),
      create("strong", {}, formatProbability(confidence[index])),
    ),
    create("div", {}, formatTime(times[index])),
    create(
      "div",
      { class: "muted" },
      truth[index] < 0 ? "What it shows is not known" : `It shows: ${classes[truth[index]]}`,
    ),
  ];
}
