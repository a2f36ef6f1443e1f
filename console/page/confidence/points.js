/* Draws very many points fast: each is stamped into sums of colour per pixel, so that order does not matter. */

/* One point alone covers this much; where several lie on one another less shines through. */
const OPACITY = 0.6;

/**
 * Draws the invocations from `first` to before `last` over the whole canvas.
 *
 * @param {HTMLCanvasElement} canvas Its width and height are device pixels.
 * @param {{time, confidence, predicted}} invocations
 * @param {{from: number, to: number, lowest: number}} range Unix seconds at the left and the right edge, and the
 *   confidence at the bottom; the top is 1.
 * @param {{width: number, mask: boolean[], red: number, green: number, blue: number}[]} stamps One for each class.
 */
export function drawPoints(canvas, { time, confidence, predicted }, first, last, range, stamps) {
  const { width, height } = canvas;
  // Red, green, blue and how many points, of each pixel.
  const sums = new Float32Array(4 * width * height);
  const across = width / (range.to - range.from);
  const up = height / (1 - range.lowest);
  for (let index = first; index < last; index += 1) {
    const stamp = stamps[predicted[index]];
    const half = stamp.width >> 1;
    const left = Math.round((time[index] - range.from) * across) - half;
    const top = Math.round((1 - confidence[index]) * up) - half;
    for (let row = 0, at = 0; row < stamp.width; row += 1) {
      const y = top + row;
      for (let column = 0; column < stamp.width; column += 1, at += 1) {
        const x = left + column;
        if (!stamp.mask[at] || x < 0 || y < 0 || x >= width || y >= height) continue;
        const pixel = 4 * (y * width + x);
        sums[pixel] += stamp.red;
        sums[pixel + 1] += stamp.green;
        sums[pixel + 2] += stamp.blue;
        sums[pixel + 3] += 1;
      }
    }
  }
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < sums.length; pixel += 4) {
    const points = sums[pixel + 3];
    if (points === 0) continue;
    image.data[pixel] = sums[pixel] / points;
    image.data[pixel + 1] = sums[pixel + 1] / points;
    image.data[pixel + 2] = sums[pixel + 2] / points;
    image.data[pixel + 3] = 255 * (1 - (1 - OPACITY) ** points);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/**
 * Returns a stamp for drawPoints: a shape of 16 by 16 (an SVG path), scaled to `size` device pixels.
 *
 * @param {string} colour As "rgb(r, g, b)".
 */
export function stampOf(path, colour, size) {
  const width = size | 1;
  const context = Object.assign(document.createElement("canvas"), { width, height: width }).getContext("2d");
  context.scale(width / 16, width / 16);
  context.fill(new Path2D(path));
  const drawn = context.getImageData(0, 0, width, width).data;
  const mask = Array.from({ length: width * width }, (_, pixel) => drawn[4 * pixel + 3] > 127);
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return { width, mask, red, green, blue };
}
