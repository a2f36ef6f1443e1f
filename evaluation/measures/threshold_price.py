"""Counts the price of a confidence threshold: what it routes, what of that is wrong, what it refuses."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from evaluation.answers import Answer
from evaluation.measures.intervals import Share, measure_share

# Confidences crowd near 1.
FINEST = (0.995, 0.999)


@dataclass(frozen=True)
class Volume:
    """Photos a month, with the 95% interval of the share that they are computed from."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Price:
    """What a threshold does to the photos of a split.

    Attributes:
        threshold: The least confidence that is routed.
        routed: How many photos are routed.
        right: How many routed photos are right.
        wrong: How many routed photos are wrong.
        wrong_share: The share of the routed photos that is wrong; None if none is routed.
        wrong_per_month: Wrong orders a month, at the stated volume.
        refused_per_month: Photos refused a month.
    """

    threshold: float
    routed: int
    right: int
    wrong: int
    wrong_share: Share | None
    wrong_per_month: Volume
    refused_per_month: Volume


def list_thresholds(classes: int, others: Sequence[float]) -> list[float]:
    """Returns thresholds to price, in order: each hundredth from chance on, two near 1, and the others."""
    hundredths = [hundredth / 100 for hundredth in range(100 // classes, 100)]
    return sorted({*hundredths, *FINEST, *others})


def price_thresholds(
    answers: Sequence[Answer], levels: Sequence[float], monthly_photos: int, others: int = 0
) -> list[Price]:
    """Returns the price of each threshold.

    Args:
        answers: At least one answer: those that a threshold decides about.
        levels: The thresholds.
        monthly_photos: Photos that come in a month; they are assumed to be like those of the split.
        others: How many photos of the split are refused at any threshold, for the model takes them for the
            other class.
    """
    photos = len(answers) + others
    ordered = sorted(answers, key=lambda answer: answer.confidence)
    confidences = [answer.confidence for answer in ordered]
    wrong_below = [0, *accumulate(not answer.right for answer in ordered)]
    found = []
    for level in levels:
        refused = bisect_left(confidences, level)
        routed = len(ordered) - refused
        wrong = wrong_below[-1] - wrong_below[refused]
        found.append(
            Price(
                level,
                routed,
                routed - wrong,
                wrong,
                measure_share(wrong, routed),
                _measure_volume(wrong, photos, monthly_photos),
                _measure_volume(refused + others, photos, monthly_photos),
            )
        )
    return found


def _measure_volume(count: int, of: int, monthly_photos: int) -> Volume:
    part = measure_share(count, of)
    assert part is not None, "there is at least one answer"
    return Volume(*(monthly_photos * figure for figure in (part.value, part.low, part.high)))
