"""Measures whether a confidence means what it says: are nine in ten photos of confidence 0.9 right?"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.answers import Answer
from evaluation.measures.intervals import Share, measure_share

WIDTHS = 15
"""How many bins of equal width the error is summed over."""
BINS = 10
"""How many bins of about equally many photos are drawn at most."""


@dataclass(frozen=True)
class Bin:
    """Photos of like confidence.

    Attributes:
        low: Their lowest confidence.
        high: Their highest one.
        photos: How many there are.
        confidence: Their mean confidence.
        accuracy: The share of them that is right.
    """

    low: float
    high: float
    photos: int
    confidence: float
    accuracy: Share


@dataclass(frozen=True)
class Calibration:
    """How well confidence and accuracy agree.

    Attributes:
        ece: The expected calibration error, from 0 to 1.
        photos: How many photos it is measured on.
        bins: What to draw of it: the photos in bins of about equally many, by confidence.
    """

    ece: float
    photos: int
    bins: list[Bin]


def measure_calibration(answers: Sequence[Answer]) -> Calibration:
    """Returns the expected calibration error over 15 bins of equal width.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017 (arXiv:1706.04599), equation 3.
    """
    distances = [0.0] * WIDTHS
    for answer in answers:
        distances[max(math.ceil(answer.confidence * WIDTHS) - 1, 0)] += answer.right - answer.confidence
    error = math.fsum(map(abs, distances)) / len(answers)
    return Calibration(error, len(answers), list(_split_into_bins(answers)))


def _split_into_bins(answers: Sequence[Answer]) -> Iterator[Bin]:
    """Yields bins of about equally many photos; those of equal confidence are in one."""
    ordered = sorted(answers, key=lambda answer: answer.confidence)
    # The more photos, the more bins, and the more photos in each: of few a share says next to nothing.
    count = max(1, min(BINS, math.isqrt(len(ordered)) // 2))
    start = 0
    for number in range(1, count + 1):
        end = number * len(ordered) // count
        while start < end < len(ordered) and ordered[end].confidence == ordered[end - 1].confidence:
            end += 1
        if end > start:
            yield _measure_bin(ordered[start:end])
            start = end


def _measure_bin(inside: Sequence[Answer]) -> Bin:
    confidences = [answer.confidence for answer in inside]
    accuracy = measure_share(sum(answer.right for answer in inside), len(inside))
    assert accuracy is not None, "there is at least one answer"
    return Bin(confidences[0], confidences[-1], len(inside), math.fsum(confidences) / len(inside), accuracy)
