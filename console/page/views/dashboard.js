/* Shows the deployment's CloudWatch dashboard: its widgets where it has them, with the data of a range of time. */

import { html, render } from "/static/lit-html/lit-html.js";
import { showAnswers } from "../parts/answers.js";
import { drawWidget } from "./dashboard/widget.js";

/* CloudWatch takes a fee for each metric that is asked for, and most have a value every five minutes. */
const SECONDS = 30;
const RANGES = [
  ["3h", "3 hours"],
  ["day", "Day"],
  ["week", "Week"],
];

export function showDashboard(place, context) {
  const [controls, content] = [0, 1].map(() => document.createElement("div"));
  content.className = "stack";
  place.append(controls, content);
  const wanted = context.parameters.get("range");
  // Without one the dashboard's own.
  let range = RANGES.some(([name]) => name === wanted) ? wanted : null;
  const drawControls = (shown) => render(drawRanges(shown, choose), controls);
  const choose = (chosen) => {
    range = chosen;
    context.setParameters({ range });
    drawControls(range);
    // What fails is said by what keeps the view fresh.
    load().catch(() => context.freshness.refresh());
  };
  const draw = (dashboard) => {
    drawControls(dashboard.range);
    return drawDashboard(dashboard);
  };
  const getPaths = () => [range ? `/api/dashboard?range=${range}` : "/api/dashboard"];
  const { load } = showAnswers(content, getPaths, draw, context, SECONDS);
}

const drawRanges = (range, choose) =>
  html`<div class="toggles" role="group" aria-label="Range of time">
    ${RANGES.map(
      ([name, words]) =>
        html`<button type="button" aria-pressed=${name === range} @click=${() => choose(name)}>${words}</button>`,
    )}
  </div>`;

const drawDashboard = ({ widgets }) => html`<div class="dashboard">${widgets.map(drawWidget)}</div>`;
