"""A benchmark's figures as rows of one table: ours and the rival's of each round, and the ratio aimed at."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.environment import describe_machine


@dataclass(frozen=True)
class Row:
    """A figure in every round, beside the rival's of the same round; one of the two goals is set.

    ``at_least`` says how many times as good as the rival's the figure is to be: of a unit that ends in
    "a second" more is better, of any other less. ``at_most`` bounds ours divided by the rival's or, without a
    rival, the figure itself.
    """

    what: str
    unit: str
    here: Sequence[float]
    rival: Sequence[float] = ()
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratios(self) -> list[float]:
        """Returns for every round what the goal is about."""
        if not self.rival:
            return list(self.here)
        upside_down = self.at_least is not None and not self.unit.endswith("a second")
        pairs = zip(self.here, self.rival, strict=True)
        return [theirs / ours if upside_down else ours / theirs for ours, theirs in pairs]

    @property
    def goal(self) -> str:
        """Returns the goal in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} times"
        return f"≤ {self.at_most:g} {'times' if self.rival else self.unit}"

    @property
    def is_met(self) -> bool:
        """Says whether the median of all rounds reaches the goal."""
        middle = statistics.median(self.ratios)
        if self.at_least is not None:
            return middle >= self.at_least
        return self.at_most is not None and middle <= self.at_most

    def format(self) -> str:
        """Returns the row as a line of text: the medians, and the ratio's median, least and greatest."""
        rival = f" against {statistics.median(self.rival):.4g}" if self.rival else ""
        ratios = self.ratios
        spread = f"{statistics.median(ratios):.3g} ({min(ratios):.3g} to {max(ratios):.3g})"
        reached = "met" if self.is_met else "NOT met"
        here = f"{statistics.median(self.here):.4g}{rival} {self.unit}"
        return f"{self.what}: {here}, n={len(self.here)}; {spread}, goal {self.goal}: {reached}"


def print_report(rows: Sequence[Row], **details: object) -> None:
    """Prints one JSON object, which ``benchmarks.results`` reads, and a line a row to standard error."""
    for row in rows:
        print(row.format(), file=sys.stderr)
    report = {"machine": describe_machine(), "rows": [asdict(row) for row in rows], **details}
    print(json.dumps(report, indent=1, ensure_ascii=False))
