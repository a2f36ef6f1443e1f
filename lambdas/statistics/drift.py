"""How far photos have moved from those that a model was evaluated on, by the population stability index.

The page computes the same of confidences (console/page/views/confidence/drift.js): the sum over bins of
(present - baseline) * ln(present / baseline), each a share of photos.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10
FEWEST = 50
"""So many photos are needed on either side."""
SOME = 0.1
"""Below it there is no shift; so is the usual reading (Siddiqi, Credit Risk Scorecards, 2006)."""
MAJOR = 0.25
"""Above it there is a major one."""
CHI_SQUARED = (3.84, 5.99, 7.81, 9.49, 11.07, 12.59, 14.07, 15.51, 16.92)
"""95% quantiles of the chi-squared distribution with 1 to 9 degrees of freedom."""
NORMAL, NORMAL_RARE = 1.6448536, 3.2905267
"""95% and 99.95% quantiles of the normal distribution."""

NONE, SLIGHT, LARGE, TOO_FEW = "none", "some", "major", "too few"


@dataclass(frozen=True)
class Shift:
    """How far photos have moved.

    Attributes:
        index: The population stability index; None with too few photos.
        noise: The index stays below it in 95 of 100 samples without any shift; None with too few photos.
        rare: Likewise in 1,999 of 2,000: of five measures a day one is above it by chance about once a year.
        reading: NONE, SLIGHT, LARGE or TOO_FEW. What chance alone may make is no shift.
    """

    index: float | None
    noise: float | None
    rare: float | None
    reading: str


def compare_values(baseline: Sequence[float], present: Sequence[float]) -> Shift:
    """Compares numbers, in the baseline's deciles."""
    if min(len(baseline), len(present)) < FEWEST:
        return Shift(None, None, None, TOO_FEW)
    ordered = sorted(baseline)
    # A decile that repeats the one before, as where most confidences are 1, would be an empty bin.
    edges = sorted({ordered[part * len(ordered) // BINS] for part in range(1, BINS)})
    return compare_counts(_count(baseline, edges), _count(present, edges))


def compare_counts(baseline: Sequence[int], present: Sequence[int]) -> Shift:
    """Compares numbers of photos, bin by bin, such as those of each class.

    The noise is (1 / baseline photos + 1 / present photos) times the 95% quantile of the chi-squared
    distribution with bins - 1 degrees of freedom (Yurdakul, Statistical Properties of Population Stability
    Index, 2018).

    Args:
        baseline: The numbers of the baseline; two bins or more.
        present: As many numbers.
    """
    if min(sum(baseline), sum(present)) < FEWEST:
        return Shift(None, None, None, TOO_FEW)
    pairs = zip(_share(baseline), _share(present), strict=True)
    index = sum((now - before) * math.log(now / before) for before, now in pairs)
    freedom, spread = len(baseline) - 1, 1 / sum(baseline) + 1 / sum(present)
    noise, rare = _find_quantile(freedom) * spread, _approximate_quantile(freedom, NORMAL_RARE) * spread
    if index < SOME or index <= noise:
        return Shift(index, noise, rare, NONE)
    return Shift(index, noise, rare, SLIGHT if index <= MAJOR else LARGE)


def _count(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return counts


def _share(counts: Sequence[int]) -> list[float]:
    """Returns the share of each bin; half a photo is added to each, since an empty bin has no logarithm."""
    total = sum(counts) + len(counts) / 2
    return [(count + 0.5) / total for count in counts]


def _find_quantile(freedom: int) -> float:
    """Returns the 95% quantile of chi-squared."""
    return CHI_SQUARED[freedom - 1] if freedom <= len(CHI_SQUARED) else _approximate_quantile(freedom, NORMAL)


def _approximate_quantile(freedom: int, normal: float) -> float:
    """Returns a quantile of chi-squared for that of the normal distribution (Wilson and Hilferty, 1931).

    With ten degrees of freedom and more that is right to a thousandth, with one to 5%, too high.
    """
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + normal * math.sqrt(spread)) ** 3)
