/* Saves what is shown as files: the invocations as CSV, the chart with its threshold as PNG. */

import { formatThreshold } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";

/** Saves the invocations from `first` to before `last`. */
export function downloadCsv(invocations, first, last) {
  const { classes, time, confidence, predicted, truth } = invocations;
  const lines = ["time,confidence,predicted,truth\r\n"];
  for (let index = first; index < last; index += 1) {
    const fields = [
      new Date(time[index] * 1000).toISOString(),
      confidence[index],
      quote(classes[predicted[index]]),
      truth[index] < 0 ? "" : quote(classes[truth[index]]),
    ];
    lines.push(`${fields.join()}\r\n`);
  }
  save(new Blob(lines, { type: "text/csv" }), "invocations.csv");
}

/** Quotes a field as RFC 4180 says. */
const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Saves the chart; the points and the threshold, which are no part of ECharts' canvas, are drawn onto it. */
export function downloadPng({ echarts, canvas: points }, grid, lowest, threshold) {
  const scale = 2;
  const [width, height] = [echarts.getWidth(), echarts.getHeight()];
  const canvas = Object.assign(document.createElement("canvas"), {
    width: width * scale,
    height: height * scale,
  });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const chart = echarts.renderToCanvas({ pixelRatio: scale, backgroundColor: getThemeColour("--surface") });
  context.drawImage(chart, 0, 0, width, height);
  context.drawImage(points, points.offsetLeft, points.offsetTop, points.offsetWidth, points.offsetHeight);
  const y = grid.top + ((1 - threshold) / (1 - lowest)) * (height - grid.top - grid.bottom);
  context.strokeStyle = context.fillStyle = getThemeColour("--ink");
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(grid.left, y);
  context.lineTo(width - grid.right, y);
  context.stroke();
  context.font = "13px sans-serif";
  context.textBaseline = "middle";
  context.fillText(formatThreshold(threshold), width - grid.right + 8, y);
  canvas.toBlob((blob) => save(blob, "confidence.png"), "image/png");
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
