/* Measures how far the confidences have moved from those on the photos that the model was evaluated on. */

const BINS = 10;
/* The usual reading (Siddiqi, Credit Risk Scorecards, 2006): below 0.1 no shift, up to 0.25 some, above it a major one. */
const SOME = 0.1;
const MAJOR = 0.25;
/* 95% quantiles of the chi-squared distribution with 1 to 9 degrees of freedom: what chance alone may make. */
const CHI_SQUARED = [3.84, 5.99, 7.81, 9.49, 11.07, 12.59, 14.07, 15.51, 16.92];

/* So many different photos are needed on either side. */
export const FEWEST = 50;

/**
 * Returns the confidences of the different pictures among the invocations from `first` to before `last`, of each the
 * latest. The same picture asked for again says nothing new; one that is not told from others counts as its own. What
 * is taken for none of the classes is left out: of the evaluated photos that is another share.
 */
export function selectDistinct(invocations, first, last) {
  const { confidence, picture, predicted, classes, other_class: other } = invocations;
  const seen = new Set();
  const distinct = new Float64Array(last - first);
  let count = 0;
  for (let index = last - 1; index >= first; index -= 1) {
    if (other && classes[predicted[index]] === other) continue;
    if (picture[index] !== 0) {
      if (seen.has(picture[index])) continue;
      seen.add(picture[index]);
    }
    distinct[count++] = confidence[index];
  }
  return distinct.subarray(0, count);
}

/**
 * Returns the population stability index: the sum over bins of (present - baseline) * ln(present / baseline), the
 * bins being the baseline's deciles.
 *
 * @param {number[]} baseline Confidences on the photos that the model was evaluated on.
 * @param {Float64Array} present Confidences of the period, of different pictures: they count as independent.
 * @returns {{index, byChance, reading}|null} byChance: the index stays below it in 95 of 100 periods without any
 *   drift; (1 / baseline photos + 1 / present ones) times the 95% quantile of the chi-squared distribution with
 *   bins - 1 degrees of freedom (Yurdakul, 2018); null where there are too few of either.
 */
export function computePopulationStability(baseline, present) {
  if (baseline.length < FEWEST || present.length < FEWEST) return null;
  const sorted = Float64Array.from(baseline).sort();
  // A decile that repeats the one before, as where most confidences are 1, would be an empty bin.
  const edges = [
    ...new Set(
      Array.from({ length: BINS - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / BINS)]),
    ),
  ];
  const expected = computeShares(sorted, edges);
  const actual = computeShares(present, edges);
  const index = expected.reduce(
    (sum, share, bin) => sum + (actual[bin] - share) * Math.log(actual[bin] / share),
    0,
  );
  const byChance = CHI_SQUARED[edges.length - 1] * (1 / baseline.length + 1 / present.length);
  const reading =
    index < SOME || index <= byChance
      ? "no notable shift"
      : index <= MAJOR
        ? "some shift: keep an eye on it"
        : "a major shift: evaluate the model again";
  return { index, byChance, reading };
}

/** Computes the share of each bin; half a photo is added to each, since an empty bin has no logarithm. */
function computeShares(values, edges) {
  const photos = new Float64Array(edges.length + 1).fill(0.5);
  for (const value of values) {
    let bin = 0;
    while (bin < edges.length && value >= edges[bin]) bin += 1;
    photos[bin] += 1;
  }
  const total = values.length + photos.length / 2;
  return Array.from(photos, (number) => number / total);
}
