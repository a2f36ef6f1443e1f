"""The price of a confidence threshold: what it lets through, what of that is wrong, what it refuses."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from evaluation.answers import Answer
from evaluation.measures.intervals import Share, share

# Confidences crowd near 1.
FINEST = (0.995, 0.999)


@dataclass(frozen=True)
class Volume:
    """Photos a month, with the 95 % interval that comes from how few photos the share was measured on."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Price:
    """What a threshold does to the photos of a split.

    Attributes:
        threshold: The least confidence that is routed.
        routed: How many are.
        right: How many of those are right.
        wrong: How many are wrong.
        wrong_share: Wrong ones among the routed; None if none is routed.
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


def thresholds(classes: int, others: Sequence[float]) -> list[float]:
    """Returns thresholds worth a look, in order: every hundredth from chance on, two near 1, and others."""
    hundredths = [hundredth / 100 for hundredth in range(100 // classes, 100)]
    return sorted({*hundredths, *FINEST, *others})


def prices(answers: Sequence[Answer], levels: Sequence[float], monthly_photos: int) -> list[Price]:
    """Returns the price of each threshold.

    Args:
        answers: At least one.
        levels: Thresholds.
        monthly_photos: Photos that come in a month; they are taken to be like those of the split.
    """
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
                share(wrong, routed),
                _volume(wrong, len(ordered), monthly_photos),
                _volume(refused, len(ordered), monthly_photos),
            )
        )
    return found


def _volume(count: int, of: int, monthly_photos: int) -> Volume:
    part = share(count, of)
    assert part is not None, "there is at least one answer"
    return Volume(*(monthly_photos * figure for figure in (part.value, part.low, part.high)))
