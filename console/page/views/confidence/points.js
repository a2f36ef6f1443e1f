/* Draws very many points fast: each is stamped, pixel by pixel, into one image. */

/* The opacity of one point; where several lie on one another less shines through. */
const OPACITY = 0.6;

/**
 * Draws the invocations from `first` to before `last` over the whole canvas; where they overlap the later one shows.
 *
 * @param {HTMLCanvasElement} canvas Its width and height are device pixels.
 * @param {{time, confidence, predicted}} invocations
 * @param {{from: number, to: number, lowest: number}} range Unix seconds at the left and at the right, and the
 *   confidence at the bottom, of the canvas without its margin; the top is 1.
 * @param {number} margin Device pixels on each side, so that a point at the edge is drawn whole.
 * @param {{width: number, mask: boolean[], red: number, green: number, blue: number}[]} stamps One for each class.
 */
export function drawPoints(canvas, { time, confidence, predicted }, first, last, range, margin, stamps) {
  const { width, height } = canvas;
  // For each pixel the class of the last point that covers it, and the number of points that do.
  const classes = new Uint16Array(width * height);
  const points = new Uint16Array(width * height);
  const across = (width - 2 * margin) / (range.to - range.from);
  const up = (height - 2 * margin) / (1 - range.lowest);
  for (let index = first; index < last; index += 1) {
    const stamp = stamps[predicted[index]];
    const half = stamp.width >> 1;
    const left = margin + Math.round((time[index] - range.from) * across) - half;
    const top = margin + Math.round((1 - confidence[index]) * up) - half;
    for (let row = 0, at = 0; row < stamp.width; row += 1) {
      const y = top + row;
      for (let column = 0; column < stamp.width; column += 1, at += 1) {
        const x = left + column;
        if (!stamp.mask[at] || x < 0 || y < 0 || x >= width || y >= height) continue;
        classes[y * width + x] = predicted[index];
        points[y * width + x] += 1;
      }
    }
  }
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < points.length; pixel += 1) {
    if (points[pixel] === 0) continue;
    const { red, green, blue } = stamps[classes[pixel]];
    image.data.set([red, green, blue, 255 * (1 - (1 - OPACITY) ** points[pixel])], 4 * pixel);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/**
 * Returns a stamp for drawPoints: a shape of 16 by 16 (an SVG path), scaled to `size` device pixels.
 *
 * @param {string} colour As "rgb(r, g, b)".
 */
export function createStamp(path, colour, size) {
  const width = size | 1;
  const context = Object.assign(document.createElement("canvas"), { width, height: width }).getContext("2d");
  context.scale(width / 16, width / 16);
  context.fill(new Path2D(path));
  const drawn = context.getImageData(0, 0, width, width).data;
  const mask = Array.from({ length: width * width }, (_, pixel) => drawn[4 * pixel + 3] > 127);
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return { width, mask, red, green, blue };
}
