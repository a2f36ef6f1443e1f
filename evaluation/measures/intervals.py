"""Measures a share of the photos, with its Wilson interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
"""How sure the intervals are, two-sided."""


@dataclass(frozen=True)
class Share:
    """A share of photos, from 0 to 1, and its 95% interval.

    Attributes:
        count: How many photos have the property.
        of: How many photos there are.
        value: ``count / of``.
        low: The interval's lower end.
        high: Its upper end.
    """

    count: int
    of: int
    value: float
    low: float
    high: float


def measure_share(count: int, of: int) -> Share | None:
    """Returns a share with its Wilson score interval; None if there are no photos.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if of == 0:
        return None
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    value = count / of
    centre = value + z * z / (2 * of)
    spread = z * math.sqrt(value * (1 - value) / of + (z / (2 * of)) ** 2)
    scale = 1 + z * z / of
    # At none and at all the bound is 0 and 1 exactly, which rounding would miss.
    low = 0.0 if count == 0 else (centre - spread) / scale
    high = 1.0 if count == of else (centre + spread) / scale
    return Share(count, of, value, low, high)
