/* Shows the invocation under the pointer; a click keeps it there, with the way to its execution or a larger picture. */

import { html, nothing, render } from "/static/lit-html/lit-html.js";
import { drawClass } from "../../parts/class_mark.js";
import { linkExecution } from "../../parts/execution_link.js";
import { drawFileName } from "../../parts/file_name.js";
import { formatProbability } from "../../parts/format.js";
import "../../parts/photo_image.js";
import { findLowerBound, getPhotoPath } from "./invocations.js";
import { MARGIN } from "./scatter.js";

const REACH_PIXELS = 9;
/* A pointer that passes over a hundred points must not fetch a hundred pictures. */
const REST_MILLISECONDS = 150;
const WIDTH = 220;
const HEIGHT = 260;
/* A hand that moves further while it presses drags the chart. */
const STILL_PIXELS = 5;

/**
 * Shows over `canvas`, which lies in `place`, the invocation that is nearest to the pointer.
 *
 * @param {() => object} getShown As for createScatter().
 * @param {(id: number) => Promise<{execution, name}>} findOrigin
 * @param {(index: number) => void} enlarge Shows the picture of an invocation.
 * @returns {{isPinned: () => boolean, hide: () => void}}
 */
export function addInspector(place, canvas, getShown, findOrigin, enlarge, signal) {
  const layer = document.createElement("div");
  place.append(layer);
  let state = null;
  let timer = 0;
  let pressed = null;
  const hide = () => {
    clearTimeout(timer);
    state = null;
    render(nothing, layer);
  };
  const draw = () => render(drawInvocation(getShown(), state, { hide, enlarge }), layer);
  const show = (found, isPinned) => {
    if (state?.index === found.index && state.isPinned === isPinned) return;
    const isSame = state?.index === found.index;
    clearTimeout(timer);
    state = { ...found, isPinned, hasPicture: isSame && state.hasPicture, origin: null };
    const shown = state;
    timer = setTimeout(() => {
      state.hasPicture = true;
      draw();
    }, REST_MILLISECONDS);
    draw();
    if (!isPinned) return;
    findOrigin(getShown().invocations.id[found.index]).then((origin) => {
      if (state !== shown) return;
      state.origin = origin;
      draw();
    });
  };
  const find = (event) => {
    const { invocations, lowest, from, to } = getShown();
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - MARGIN, event.clientY - box.top - MARGIN];
    const [width, height] = [box.width - 2 * MARGIN, box.height - 2 * MARGIN];
    const index = findNearest(invocations, { x, y, width, height, lowest, from, to });
    if (index === null) return null;
    const left = canvas.offsetLeft + x + (x > width / 2 ? -WIDTH - 14 : 14);
    return {
      index,
      left: Math.max(0, Math.min(left, place.clientWidth - WIDTH)),
      top: Math.max(0, Math.min(canvas.offsetTop + y, place.clientHeight - HEIGHT)),
    };
  };
  place.addEventListener(
    "pointermove",
    (event) => {
      if (state?.isPinned) return;
      const found = find(event);
      if (found) show(found, false);
      else hide();
    },
    { signal },
  );
  place.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]), { signal });
  place.addEventListener(
    "click",
    (event) => {
      if (layer.contains(event.target) || !pressed) return;
      const moved = Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]);
      if (moved > STILL_PIXELS) return;
      const found = find(event);
      if (found) show(found, true);
      else hide();
    },
    { signal },
  );
  place.addEventListener("pointerleave", () => state?.isPinned || hide(), { signal });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide(), { signal });
  return { isPinned: () => state?.isPinned ?? false, hide };
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

function drawInvocation({ invocations, zone }, { index, left, top, isPinned, hasPicture, origin }, acts) {
  const path = hasPicture ? getPhotoPath(invocations, index) : nothing;
  return html`<div
    class="inspector ${isPinned ? "pinned" : ""}"
    role=${isPinned ? "group" : nothing}
    aria-label=${isPinned ? "Invocation" : nothing}
    .style=${`left: ${left}px; top: ${top}px`}
  >
    ${drawFacts(invocations, index, zone, origin)}
    <photo-image class="picture" path=${path} alt=""></photo-image>
    ${
      isPinned
        ? html`<div class="row">
            ${origin ? drawWay(origin) : ""}
            ${
              origin?.execution === null
                ? html`<button type="button" @click=${() => acts.enlarge(index)}>Enlarge</button>`
                : ""
            }
            <button type="button" class="quiet end" @click=${acts.hide}>Close</button>
          </div>`
        : ""
    }
  </div>`;
}

/** Draws the link to an invocation's execution, or, where that is not known, to those of photos of its name. */
export function drawWay({ execution, name, batch }) {
  if (execution) {
    return html`<a href=${linkExecution({ id: execution, batch })}>Open its ${batch ? "batch" : "execution"}</a>`;
  }
  return name ? html`<a href="#/executions?search=${encodeURIComponent(name)}">Executions of this name</a>` : "";
}

/** Draws class, confidence, time and truth of an invocation, and the name of its file where that is known. */
export function drawFacts({ classes, time, confidence, predicted, truth }, index, zone, origin) {
  return html`
    <div class="row">
      ${drawClass(classes, classes[predicted[index]])}
      <strong>${formatProbability(confidence[index])}</strong>
    </div>
    ${origin?.name ? drawFileName(origin.name) : ""}
    <div>${zone.formatTime(time[index])}</div>
    <div class="muted">
      ${truth[index] < 0 ? "True class unknown" : `True class: ${classes[truth[index]]}`}
    </div>
  `;
}
