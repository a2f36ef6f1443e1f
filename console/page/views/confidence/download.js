/* Saves what is shown as files: the invocations as CSV, the chart with its threshold as PNG. */

import { formatCsvLine, saveFile } from "../../parts/csv.js";
import { formatThreshold } from "../../parts/format.js";
import { getThemeColour } from "../../parts/theme.js";

/** Saves the invocations from `first` to before `last`. */
export function downloadCsv({ classes, time, confidence, predicted, truth }, first, last) {
  const lines = [formatCsvLine(["time", "confidence", "predicted", "truth"])];
  for (let index = first; index < last; index += 1) {
    const moment = new Date(time[index] * 1000).toISOString();
    lines.push(formatCsvLine([moment, confidence[index], classes[predicted[index]], classes[truth[index]]]));
  }
  saveFile(new Blob(lines, { type: "text/csv" }), "invocations.csv");
}

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
  canvas.toBlob((blob) => saveFile(blob, "confidence.png"), "image/png");
}
