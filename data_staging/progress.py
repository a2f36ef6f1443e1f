"""Shows how far a long step is: a bar on a terminal, a line every tenth of the way in a log."""

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm


class Progress:
    """Counts up to a total.

    Args:
        what: What is done, as the line's beginning.
        total: Where it ends, in `unit`; None if not known.
        unit: "B" for bytes, otherwise what is counted.
        start: How much is done already.
    """

    def __init__(self, what: str, total: int | None, unit: str, start: int = 0) -> None:
        self.what, self.total, self.unit, self.done = what, total, unit, start
        self.bar = (
            tqdm(desc=what, total=total, unit=unit, initial=start, unit_scale=unit == "B", file=sys.stderr)
            if sys.stderr.isatty()
            else None
        )
        self.printed = self._tenth()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def advance(self, count: int = 1) -> None:
        """Adds to what is done, and shows it."""
        self.done += count
        if self.bar is not None:
            self.bar.update(count)
        elif self._tenth() > self.printed:
            self.printed = self._tenth()
            print(f"{self.what}: {self.done} of {self.total} {self.unit}", file=sys.stderr, flush=True)

    def _tenth(self) -> int:
        return 10 * self.done // self.total if self.total else 0
