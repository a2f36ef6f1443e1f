/* Draws very many points fast: each is stamped, pixel by pixel, into one image. */

import { isWrong } from "./invocations.js";

/* With more rings than this nothing else would be seen. */
export const MOST_RINGS = 2000;
/* The opacity of one point; where several lie on one another less shines through. */
const OPACITY = 0.6;

/**
 * Draws the invocations from `first` to before `last` over the whole canvas; where they overlap the later one shows.
 *
 * @param {HTMLCanvasElement} canvas Its width and height are device pixels.
 * @param {{time, confidence, predicted, truth}} invocations
 * @param {{from: number, to: number, lowest: number}} range Unix seconds at the left and at the right, and the
 *   confidence at the bottom, of the canvas without its margin; the top is 1.
 * @param {number} margin Device pixels on each side, so that a point at the edge is drawn whole.
 * @param {object[]} stamps From createStamp(), one for each class.
 * @param {object} ring The stamp below those of what is known to be wrong.
 */
export function drawPoints(canvas, invocations, first, last, range, margin, stamps, ring) {
  const { time, confidence, predicted } = invocations;
  const { width, height } = canvas;
  // For each pixel one more than the stamp of the last point that covers it, and the number of points that do.
  const covering = new Uint16Array(width * height);
  const points = new Uint16Array(width * height);
  const across = (width - 2 * margin) / (range.to - range.from);
  const up = (height - 2 * margin) / (1 - range.lowest);
  const all = [...stamps, ring];
  const stamp = (index, which) => {
    const x = margin + Math.round((time[index] - range.from) * across);
    const y = margin + Math.round((1 - confidence[index]) * up);
    const { right, down } = all[which];
    for (let at = 0; at < right.length; at += 1) {
      const [column, row] = [x + right[at], y + down[at]];
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      covering[row * width + column] = which + 1;
      points[row * width + column] += 1;
    }
  };
  const wrong = listWrong(invocations, first, last);
  if (wrong.length <= MOST_RINGS) for (const index of wrong) stamp(index, stamps.length);
  for (let index = first; index < last; index += 1) stamp(index, predicted[index]);
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < points.length; pixel += 1) {
    if (points[pixel] === 0) continue;
    const { red, green, blue } = all[covering[pixel] - 1];
    image.data.set([red, green, blue, 255 * (1 - (1 - OPACITY) ** points[pixel])], 4 * pixel);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function listWrong(invocations, first, last) {
  const wrong = [];
  for (let index = first; index < last; index += 1) if (isWrong(invocations, index)) wrong.push(index);
  return wrong;
}

/**
 * Returns a stamp for drawPoints: a shape of 16 by 16 (an SVG path), scaled to `size` device pixels.
 *
 * @param {string} colour As "rgb(r, g, b)".
 */
export function createStamp(path, colour, size, { isOutline = false } = {}) {
  const width = size | 1;
  const context = Object.assign(document.createElement("canvas"), { width, height: width }).getContext("2d");
  context.scale(width / 16, width / 16);
  if (isOutline) {
    context.lineWidth = 16 / width + 0.5;
    context.stroke(new Path2D(path));
  } else {
    context.fill(new Path2D(path));
  }
  const drawn = context.getImageData(0, 0, width, width).data;
  const covered = Array.from({ length: width * width }, (_, pixel) => pixel).filter(
    (pixel) => drawn[4 * pixel + 3] > 127,
  );
  const half = width >> 1;
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return {
    right: Int8Array.from(covered, (pixel) => (pixel % width) - half),
    down: Int8Array.from(covered, (pixel) => Math.floor(pixel / width) - half),
    red,
    green,
    blue,
  };
}
