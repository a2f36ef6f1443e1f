/* Shows the threshold that the evaluation recommends, and how to set it. */

import { html } from "/static/lit-html/lit-html.js";
import { drawCard } from "../../parts/card.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import {
  formatCount,
  formatLevel,
  formatPercent,
  formatQuantity,
  formatThreshold,
} from "../../parts/format.js";

export function drawRecommendation({ recommendation, threshold_in_service: inService, more_routed: more, command }) {
  const { threshold, routed_error_target: target, routed_error_confidence: confidence } = recommendation;
  return drawCard(
    "Recommended threshold",
    html`<p>
      <strong>${threshold === null ? "None can be recommended" : formatThreshold(threshold)}</strong>
    </p>`,
    html`<p>
      The target: at most ${formatLevel(target)} of the routed photos wrong, with ${formatLevel(confidence)}
      confidence. ${threshold === null ? explainAbsence(recommendation) : explainProof(recommendation)}
    </p>`,
    threshold === null ? "" : more === 0 ? drawAgreement(recommendation) : drawSetting(threshold, command),
    inService
      ? html`<p class="muted">In service: ${formatThreshold(inService.value)} (${inService.source}).</p>`
      : "",
  );
}

function explainAbsence({ photos, more_photos: more }) {
  const remedy = more
    ? `About ${formatCount(more)} more labelled photos are needed.`
    : "More photos like these would not help: the model is too often wrong where it is surest. " +
      "Train a better one.";
  return `${formatQuantity(photos, "photo")} do not prove it for any threshold. ${remedy}`;
}

const explainProof = ({ wrong, routed, bound, routed_error_confidence: confidence }) =>
  `${formatCount(wrong)} of ${formatQuantity(routed, "routed photo")} were wrong: ` +
  `with ${formatLevel(confidence)} confidence at most ${formatPercent(bound)} are.`;

const drawAgreement = ({ photos }) =>
  html`<p>
    It decides all ${formatQuantity(photos, "photo")} as the threshold in service does: nothing to change.
  </p>`;

function drawSetting(threshold, command) {
  return html`
    <p>
      Set <code>confidence_threshold</code> in cdk.json to
      ${formatThreshold(threshold)}${command ? ", or for one deploy:" : "."}
    </p>
    ${command ? html`<p class="row"><code>${command}</code>${drawCopyButton(command, "the command")}</p>` : ""}
    <p>Or set it to <code>auto</code>: each deploy then picks one from the validation photos.</p>
  `;
}
