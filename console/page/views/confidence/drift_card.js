/* Says how far the confidences of the period have drifted since the model was evaluated. */

import { html } from "/static/lit-html/lit-html.js";
import { drawNotice } from "../../parts/answers.js";
import { drawCard } from "../../parts/card.js";
import { formatQuantity } from "../../parts/format.js";
import { computePopulationStability, FEWEST, selectDistinct } from "./drift.js";

/** Draws the drift of the invocations from `first` to before `last`. */
export const drawDrift = (invocations, first, last) => drawCard("Drift", drawText(invocations, first, last));

function drawText(invocations, first, last) {
  const { baseline, other_class: other } = invocations;
  if (!baseline) {
    return drawNotice(
      html`No baseline yet: evaluate the model in service first.
        <code>python -m evaluation --split validation</code>`,
    );
  }
  const distinct = selectDistinct(invocations, first, last);
  const drift = computePopulationStability(baseline.confidences, distinct);
  const photos = formatQuantity(baseline.confidences.length, `${baseline.split} photo`);
  const different = formatQuantity(distinct.length, "different photo");
  const leftOut = other ? ` repeats and what is taken for ${other} left out,` : " repeats left out,";
  if (drift === null) {
    const repeats = distinct.length < FEWEST && last - first >= FEWEST;
    return drawNotice(
      repeats
        ? `Many repeats: not judged. ${formatQuantity(last - first, "invocation")} of ${different} only; ${FEWEST} are needed.`
        : `Too few to compare: ${different} and ${photos}; ${FEWEST} of each are needed.`,
    );
  }
  return html`
    <p><strong>Population stability index ${drift.index.toFixed(3)}</strong>: ${drift.reading}.</p>
    <p class="muted">
      Confidences of ${different} of this period${distinct.length < last - first ? `,${leftOut}` : ""} against
      those on ${photos}, in the deciles of the latter. Usual reading: below 0.1 no shift, 0.1 to 0.25 some, above 0.25 a
      major one. Up to ${drift.byChance.toFixed(3)} is expected by chance with this many photos.
    </p>
  `;
}
