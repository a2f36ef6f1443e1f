/* Marks the state of an alarm, by colour, shape and word alike, and leads to what the runbook says of it. */

import { html } from "/static/lit-html/lit-html.js";
import { drawOutcome } from "./outcome.js";

/* Of each of CloudWatch's states its mark and its words. */
const STATES = {
  OK: ["routed", "OK"],
  ALARM: ["failed", "in alarm"],
  INSUFFICIENT_DATA: ["discarded", "insufficient data"],
};

export const drawAlarmState = (state) => drawOutcome(...STATES[state]);

/** Draws an alarm's name, which leads to its section in the runbook. */
export const drawAlarmName = ({ what }) =>
  html`<a href="#/documents/runbook/${encodeURIComponent(what)}">${what}</a>`;
