"""Measures whether a confidence means what it says: are nine in ten photos of confidence 0.9 right?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.answers import Answer
from evaluation.measures.intervals import Share, measure_share

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The photos whose confidence is above ``low`` and at most ``high``.

    Attributes:
        low: Where it begins.
        high: Where it ends.
        photos: How many are in it.
        confidence: Their mean confidence; None if there are none.
        accuracy: The share of them that is right; None if there are none.
    """

    low: float
    high: float
    photos: int
    confidence: float | None
    accuracy: Share | None


@dataclass(frozen=True)
class Calibration:
    """How well confidence and accuracy agree.

    Attributes:
        ece: The expected calibration error, from 0 to 1.
        photos: How many photos it is measured on.
        bins: The bins that it is made of.
    """

    ece: float
    photos: int
    bins: list[Bin]


def measure_calibration(answers: Sequence[Answer]) -> Calibration:
    """Returns the expected calibration error over 15 bins of equal width.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017 (arXiv:1706.04599), equation 3.
    """
    members: list[list[Answer]] = [[] for _ in range(BINS)]
    for answer in answers:
        members[max(math.ceil(answer.confidence * BINS) - 1, 0)].append(answer)
    bins = []
    error = 0.0
    for number, inside in enumerate(members):
        right = sum(answer.right for answer in inside)
        total = math.fsum(answer.confidence for answer in inside)
        error += abs(right - total)
        mean = total / len(inside) if inside else None
        accuracy = measure_share(right, len(inside))
        bins.append(Bin(number / BINS, (number + 1) / BINS, len(inside), mean, accuracy))
    return Calibration(error / len(answers), len(answers), bins)
