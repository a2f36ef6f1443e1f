/* Draws one widget of the dashboard, by its kind, and names what of it is not drawn. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawAlarmName, drawAlarmState } from "../../parts/alarms.js";
import { drawNotice } from "../../parts/answers.js";
import { drawFigure } from "../../parts/card.js";
import { formatShortTime } from "../../parts/format.js";
import { drawMarkdown } from "../../parts/markdown.js";
import { drawGraph } from "./graph.js";
import { formatNumber } from "./number.js";

const USUAL = { width: 6, height: 6 };

/** Draws a widget with its data. */
export function drawWidget(widget) {
  const { title, place, form, not_drawn: notDrawn, own, from } = widget;
  const { width, height, x, y } = { ...USUAL, ...place };
  const line = (start, length) => (start === undefined ? `span ${length}` : `${start + 1} / span ${length}`);
  return html`<section
    class="card widget"
    aria-label=${title || "Widget without a title"}
    .style=${`--column: ${line(x, width)}; --row: ${line(y, height)}; --rows: ${height}`}
  >
    ${title ? html`<h2>${title}</h2>` : nothing}
    ${own || form.whole ? html`<p class="muted small">Since ${formatShortTime(from)}</p>` : nothing}
    ${drawContent(widget)}
    ${notDrawn.length ? html`<p class="muted small">Not drawn: ${notDrawn.join("; ")}.</p>` : nothing}
  </section>`;
}

function drawContent(widget) {
  if (widget.fault) return drawNotice(`No data: ${widget.fault}`);
  switch (widget.kind) {
    case "alarms":
      return html`<ul class="alarm-states">
        ${widget.alarms.map((alarm) => html`<li>${drawAlarmState(alarm.state)} ${drawAlarmName(alarm)}</li>`)}
      </ul>`;
    case "values":
      return html`<div class="figures">${(widget.series ?? []).map((series) => drawValue(series, widget))}</div>`;
    case "text":
      return drawMarkdown(widget.form.markdown, (target) => (/^https:/.test(target) ? target : null));
    case "graph":
      return widget.series ? drawGraph(widget) : nothing;
    default:
      return nothing;
  }
}

/** Draws the last value of a series, or the one of the whole range. */
function drawValue({ name, times, values }, { form }) {
  if (!values.length) return drawFigure(name, "–", "no data");
  return drawFigure(name, formatNumber(values.at(-1)), form.whole ? nothing : formatShortTime(times.at(-1)));
}
