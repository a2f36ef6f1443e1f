/* Lists the versions of the model: why each is in service or not, and the command that goes back to one. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawNotice } from "../../parts/answers.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { drawTable } from "../../parts/data_table.js";
import { formatPercent, formatTime } from "../../parts/format.js";

const COLUMNS = ["Version", "Model", "#Accuracy", "Data set", "Registered", "Why in service or not"];

export function drawVersions({ versions, kept }) {
  if (!versions.length) return drawNotice("No model has passed the gate yet: run make deploy");
  return html`${kept ? html`<p>${kept}.</p>` : nothing}
  ${drawTable("Models that passed the gate, the newest first", COLUMNS, versions.map(drawVersion), { records: true })}`;
}

const drawVersion = ({ version, model, accuracy, dataset, registered, why, in_service: inService, command }) => [
  version,
  html`<span class="truncated" title=${model}>${model}</span>`,
  formatPercent(accuracy),
  html`<span class="truncated" title=${dataset}>${dataset}</span>`,
  formatTime(registered),
  html`<div class="across">
    ${inService ? html`<strong>${why}</strong>` : why}
    ${command ? html`<span class="row"><code>${command}</code>${drawCopyButton(command, "the command")}</span>` : nothing}
  </div>`,
];
