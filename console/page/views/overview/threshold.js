/* Draws the threshold in service and the recommended one, with the command that takes it. */

import { html, nothing } from "/static/lit-html/lit-html.js";
import { drawNotice } from "../../parts/answers.js";
import { drawCard, drawTerms } from "../../parts/card.js";
import { drawCopyButton } from "../../parts/copy_button.js";
import { formatCount, formatQuantity, formatThreshold } from "../../parts/format.js";

const SETTING = "set by confidence_threshold";

export function drawThreshold({ threshold, evaluation }) {
  const source = threshold?.source;
  return drawCard(
    "Threshold",
    threshold
      ? drawTerms([
          [
            "In service",
            html`Routes a photo at confidence <strong>${formatThreshold(threshold.value)}</strong> or above`,
          ],
          ["Source", source === SETTING ? html`setting <code>confidence_threshold</code>` : source],
          ["Recommended", evaluation.missing ?? drawRecommendation(threshold, evaluation)],
        ])
      : drawNotice("No threshold is published: deploy again with make deploy."),
  );
}

function drawRecommendation(threshold, evaluation) {
  const { recommended, target, split, photos, more_photos: more, more_routed: moreRouted } = evaluation;
  const measured = formatQuantity(photos, `${split} photo`);
  if (recommended === null) {
    return html`None: ${measured} prove no threshold for ${target}.
    ${more
      ? `About ${formatCount(more)} more labelled photos are needed.`
      : "More photos like these would not help: train a better model."}`;
  }
  const written = formatThreshold(recommended);
  const see = html`<a href="#/confidence?threshold=${written}">See what it would do</a>`;
  if (moreRouted === 0) {
    return html`The evaluation recommends ${written}, which decides all ${measured} as
    ${formatThreshold(threshold.value)} does: nothing to change.`;
  }
  const effect =
    moreRouted > 0
      ? `It routes ${formatQuantity(moreRouted, "photo")} more of ${measured}`
      : `It refuses ${formatQuantity(-moreRouted, "photo")} more of ${measured}`;
  return html`<p>
      The evaluation recommends <strong>${written}</strong>. ${effect}, and is proved for ${target}. ${see}
    </p>
    ${evaluation.command ? drawCommand(evaluation.command, written) : nothing}`;
}

function drawCommand(command, written) {
  const copy = drawCopyButton(command, "the command");
  return html`<p class="command"><code>${command}</code> ${copy}</p>
    <p class="small muted">
      For one deploy; to keep it, set <code>confidence_threshold</code> to ${written} in
      <code>cdk.json</code>.
    </p>`;
}
