"""A figure by size: the medians of the rounds, and by which power of the size they grow."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """What one figure was at each size, round by round.

    Attributes:
        figure: What was measured, with its unit.
        sizes: The sizes, ascending.
        rounds: For each size the figure of every round.
    """

    figure: str
    sizes: Sequence[int]
    rounds: Sequence[Sequence[float]]

    @property
    def medians(self) -> list[float]:
        """Returns the median of the rounds for each size."""
        return [statistics.median(found) for found in self.rounds]

    @property
    def exponent(self) -> float:
        """Returns the power of the size by which the figure grows over all sizes: 1 is in proportion."""
        return fit_exponent(self.sizes, self.medians)

    @property
    def last_exponent(self) -> float:
        """Returns the same of the two largest sizes, where what is there at any size counts least."""
        return fit_exponent(self.sizes[-2:], self.medians[-2:])


def fit_exponent(sizes: Sequence[float], figures: Sequence[float]) -> float:
    """Returns the slope of the straight line through the logarithms."""
    slope, _ = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(found) for found in figures]
    )
    return slope


def format_table(size: str, curves: Sequence[Curve]) -> str:
    """Returns curves of the same sizes as a table in Markdown."""
    sizes = curves[0].sizes
    lines = [
        f"| {size} | {' | '.join(f'{each:,}' for each in sizes)} | exponent | of the last two |",
        f"| --- |{' --- |' * (len(sizes) + 2)}",
    ]
    for curve in curves:
        cells = [format_figure(each) for each in curve.medians]
        cells += [f"{each:.2f}" for each in (curve.exponent, curve.last_exponent)]
        lines.append(f"| {curve.figure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_figure(figure: float) -> str:
    """Returns a figure with three digits that count, or whole."""
    digits = max(0, 2 - math.floor(math.log10(figure))) if figure > 0 else 0
    return f"{figure:,.{digits}f}"
