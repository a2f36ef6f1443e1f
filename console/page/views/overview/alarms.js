/* Draws the alarms: those that are on with why and what to do, and all of them in a table. */

import { html } from "/static/lit-html/lit-html.js";
import { drawAlarmName, drawAlarmState } from "../../parts/alarms.js";
import { drawNotice } from "../../parts/answers.js";
import { drawTable } from "../../parts/data_table.js";
import { formatCount, formatShortTime, formatTime } from "../../parts/format.js";
import { formatAge } from "./age.js";

const COLUMNS = ["Alarm", "State", "Since", "Why", "What it means, and what to do"];

export const drawAlarms = ({ alarms: { alarms, missing } }) =>
  html`<section class="card" aria-label="Alarms" id="overview-alarms" tabindex="-1">
    <div class="row">
      <h2>Alarms</h2>
      <span class="end row small">
        <a href="#/dashboard">Dashboard</a> <a href="#/documents/runbook">Runbook</a>
      </span>
    </div>
    ${missing ? drawNotice(missing) : alarms.length ? drawAll(alarms) : drawNotice("This deployment has no alarm.")}
  </section>`;

function drawAll(alarms) {
  const on = alarms.filter(({ state }) => state === "ALARM");
  return html`
    ${on.length
      ? html`<ul class="alarms">
          ${on.map(drawOn)}
        </ul>`
      : html`<p>None of ${formatCount(alarms.length)} is on.</p>`}
    <details>
      <summary>${describeStates(alarms)}</summary>
      ${drawTable(
        "Alarms and their states",
        COLUMNS,
        alarms.map((alarm) => [
          html`<span class="when">${drawAlarmName(alarm)}</span>`,
          drawAlarmState(alarm.state),
          drawSince(alarm),
          html`<span class="across" title=${alarm.said}>${alarm.reason}</span>`,
          html`<span class="across">${alarm.advice}</span>`,
        ]),
        { records: true },
      )}
    </details>
  `;
}

const drawOn = (alarm) =>
  html`<li>
    <p class="row">${drawAlarmState(alarm.state)} <b>${drawAlarmName(alarm)}</b> <span>since ${drawSince(alarm)}</span></p>
    <p class="muted" title=${alarm.said}>${alarm.reason}</p>
    <p>${alarm.advice}</p>
  </li>`;

const drawSince = ({ since }) =>
  html`<span class="muted small" title=${formatTime(since)}>${formatShortTime(since)}, ${formatAge(since)} ago</span>`;

/** Says how many alarms are in which state. */
function describeStates(alarms) {
  const count = (state) => alarms.filter((alarm) => alarm.state === state).length;
  const parts = [
    [count("ALARM"), "in alarm"],
    [count("OK"), "OK"],
    [count("INSUFFICIENT_DATA"), "with insufficient data"],
  ];
  return `All alarms: ${parts
    .filter(([number]) => number)
    .map(([number, words]) => `${formatCount(number)} ${words}`)
    .join(", ")}`;
}
