/* Marks a class by a colour and a shape, so that whoever cannot tell the colours apart tells the shapes. */

import { html, svg } from "/static/lit-html/lit-html.js";
import { getThemeColour } from "./theme.js";

const COLOURS = 6;
/* ECharts' name of each shape, and the same shape as an SVG path of 16 by 16. */
const SHAPES = [
  ["circle", "M8 2 a6 6 0 1 0 .01 0z"],
  ["triangle", "M8 2 14 14 2 14z"],
  ["diamond", "M8 1 15 8 8 15 1 8z"],
  ["rect", "M2.5 2.5h11v11h-11z"],
  ["arrow", "M8 1 14 15 8 11 2 15z"],
];

/** Returns ECharts' symbol of a class by its index; colour and shape repeat together after 30 classes only. */
export const getClassSymbol = (index) => SHAPES[index % SHAPES.length][0];

/** Returns the same shape as an SVG path of 16 by 16. */
export const getClassPath = (index) => SHAPES[index % SHAPES.length][1];

const getProperty = (index) => `--class-${index % COLOURS}`;

/** Returns the colour of a class for a canvas. */
export const getClassColour = (index) => getThemeColour(getProperty(index));

/** Returns the colour of a class for a style sheet. */
export const getClassVariable = (classes, name) => `var(${getProperty(findIndex(classes, name))})`;

const findIndex = (classes, name) => Math.max(classes.indexOf(name), 0);

/** Draws the class's shape and name. */
export function drawClass(classes, name) {
  const path = getClassPath(findIndex(classes, name));
  return html`<span class="class-mark"
    ><svg viewBox="0 0 16 16" aria-hidden="true" .style=${`fill: ${getClassVariable(classes, name)}`}>
      ${svg`<path d=${path}></path>`}</svg
    ><span class="truncated" title=${name}>${name}</span></span
  >`;
}
