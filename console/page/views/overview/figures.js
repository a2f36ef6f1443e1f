/* Draws the last day's figures, each above its week, and what is under way now. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatQuantity,
  formatTime,
} from "../../parts/format.js";
import { formatAge } from "./age.js";
import { drawSparkline } from "./sparkline.js";

export function drawFigures({ week, queue, today }) {
  const { day, steps } = week;
  const judged = day.routed + day.refused;
  const photos = judged + day.failed + day.unknown;
  return html`<section class="card" aria-label="Last 24 hours">
    <div class="row">
      <h2>Last 24 hours</h2>
      <span class="muted small end">
        Below each figure: its last 7
        days${week.since ? `, read back to ${formatTime(week.since)} so far` : nothing}
      </span>
    </div>
    <div class="figures overview-figures">
      ${drawTile(
        "Refusal rate",
        formatPercent(week.refused ?? Number.NaN),
        judged ? `${formatCount(day.refused)} of ${formatQuantity(judged, "photo")}` : "no photo",
        { outcome: "refused", from: "day" },
        drawSparkline(describeWeek("Refusal rate", steps, (step) => step.refused, formatPercent), [
          { values: steps.map((step) => step.refused), kind: "refused" },
        ]),
      )}
      ${drawTile(
        "Latency p50",
        formatDuration(week.latency?.p50),
        `p95 ${formatDuration(week.latency?.p95)}`,
        null,
        drawSparkline(
          `${describeWeek("Latency p50", steps, (step) => step.latency?.p50 ?? null, formatDuration)} ` +
            describeWeek("Latency p95", steps, (step) => step.latency?.p95 ?? null, formatDuration),
          [
            { values: steps.map((step) => step.latency?.p95 ?? null), kind: "faint" },
            { values: steps.map((step) => step.latency?.p50 ?? null), kind: "strong" },
          ],
        ),
      )}
      ${drawTile(
        "Photos",
        formatCount(photos),
        day.failed ? `${formatCount(day.failed)} failed` : "none failed",
        { from: "day" },
        drawSparkline(
          describeWeek("Photos in 6 hours", steps, (step) => step.photos, formatCount),
          [{ values: steps.map((step) => step.photos), kind: "bars" }],
        ),
      )}
      ${queue.waiting === undefined ? nothing : drawQueue(queue)}
      ${today.running === undefined
        ? nothing
        : html`<a class="figure" href="#/executions?outcome=running"
            ><span>Running now</span
            ><strong>${formatCount(today.running)}${today.more_running ? "+" : nothing}</strong
            ><span class="small">${describeRunning(today)}</span></a
          >`}
      ${today.running_batches
        ? html`<a class="figure" href="#/batches"
            ><span>Batches running</span><strong>${formatCount(today.running_batches)}</strong
            ><span class="small">see how far</span></a
          >`
        : nothing}
    </div>
  </section>`;
}

function describeRunning({ running, running_batches: batches }) {
  if (running) return "see them";
  return batches ? "but for batches, nothing" : "nothing on its way";
}

function drawTile(name, value, note, wanted, sparkline) {
  const content = html`<span>${name}</span><strong>${value}</strong><span class="small">${note}</span>
    ${sparkline}`;
  return wanted
    ? html`<a class="figure" href="#/executions?${new URLSearchParams(wanted)}">${content}</a>`
    : html`<div class="figure">${content}</div>`;
}

function drawQueue({ waiting, more_waiting: more, oldest }) {
  return html`<a class="figure" href="#/review"
    ><span>Waiting for review</span><strong>${formatCount(waiting)}${more ? "+" : nothing}</strong
    ><span class="small">${oldest ? `the oldest for ${formatAge(oldest)}` : "nothing to review"}</span></a
  >`;
}

/** Says in a sentence what a line of the week shows. */
function describeWeek(name, steps, read, format) {
  const known = steps.map(read).filter((value) => value !== null);
  if (!known.length) return `${name}: no photo in 7 days.`;
  const [least, most] = [Math.min(...known), Math.max(...known)].map(format);
  return `${name} over 7 days, in steps of 6 hours: ${least} to ${most}, last ${format(known.at(-1))}.`;
}
