/* A class has a colour and a shape, so that whoever can't tell the colours apart tells the shapes. */

import { element, svg } from "./element.js";
import { themeColour } from "./theme.js";

const COLOURS = 6;
/* ECharts' name of each shape, and the same shape as a path of 16 by 16. */
const SHAPES = [
  ["circle", "M8 2 a6 6 0 1 0 .01 0z"],
  ["triangle", "M8 2 14 14 2 14z"],
  ["diamond", "M8 1 15 8 8 15 1 8z"],
  ["rect", "M2.5 2.5h11v11h-11z"],
  ["arrow", "M8 1 14 15 8 11 2 15z"],
];

/** ECharts' symbol of a class by its index; colour and shape repeat together after 30 classes only. */
export const classSymbol = (index) => SHAPES[index % SHAPES.length][0];

/** The same shape as an SVG path of 16 by 16. */
export const classPath = (index) => SHAPES[index % SHAPES.length][1];

export const classColour = (index) => themeColour(`--class-${index % COLOURS}`);

/** The class's shape and name. */
export function classMark(classes, name) {
  const index = Math.max(classes.indexOf(name), 0);
  return element(
    "span",
    { class: "class-mark" },
    svg(
      "svg",
      { viewBox: "0 0 16 16", "aria-hidden": "true" },
      svg("path", { d: classPath(index), style: { fill: `var(--class-${index % COLOURS})` } }),
    ),
    element("span", { class: "truncated", title: name }, name),
  );
}
