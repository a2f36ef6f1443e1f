/* Shows what a threshold would do with the invocations, and leads back to those that matter. */

import { html, render } from "/static/lit-html/lit-html.js";
import { drawFigure } from "../../parts/card.js";
import { formatCount, formatPercent, formatShares, formatThreshold } from "../../parts/format.js";

/**
 * Shows the counts.
 *
 * @param {{routed, refused, known, wrong}} counts From createThresholdCounter().
 * @param {number|null} inService
 * @param {number|null} recommended
 * @param {(threshold: number, isInService: boolean) => void} moveTo Moves the threshold.
 * @returns {{spoken: string, counts: string}} The same in words, for a screen reader and for beside the line.
 */
export function showFigures(place, counts, threshold, inService, recommended, moveTo) {
  const { routed, refused, known, wrong } = counts;
  const [routedShare, refusedShare] = formatShares(routed, routed + refused);
  const drawBack = (name, value) =>
    value === null
      ? ""
      : html`<button
          type="button"
          class="link"
          aria-pressed=${threshold === value}
          @click=${() => moveTo(value, name === "in service")}
        >
          ${name} ${formatThreshold(value)}
        </button>`;
  render(
    html`
      ${drawFigure(
        "Threshold",
        formatThreshold(threshold),
        html`${inService === null ? "none in service" : drawBack("in service", inService)}
        ${drawBack("recommended", recommended)}`,
      )}
      ${drawFigure("Routed", formatCount(routed), `${routedShare} of all`)}
      ${drawFigure("Refused", formatCount(refused), `${refusedShare} of all`)}
      ${drawFigure(
        "Wrong among the routed",
        known ? formatCount(wrong) : "–",
        known
          ? `of ${formatCount(known)} whose true class is known (${formatPercent(wrong / known)})`
          : "no true class known",
      )}
    `,
    place,
  );
  const decided = `${formatCount(routed)} routed, ${formatCount(refused)} refused`;
  return {
    spoken: `${formatThreshold(threshold)}: ${decided}, ${
      known ? `${formatCount(wrong)} of ${formatCount(known)} known ones wrong` : "no true class known"
    }`,
    counts: `${decided}${known ? `, ${formatCount(wrong)} wrong` : ""}`,
  };
}
