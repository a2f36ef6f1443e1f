"""Shows how far a long step is: a bar on a terminal, a line every tenth of the way in a log."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from types import TracebackType
from typing import Self, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")


class Progress:
    """Counts up to a total.

    Args:
        what: What is done, as the beginning of a line.
        total: How much there is to do; None if that is not known.
        unit: What is counted; "B" for bytes.
        start: How much is done already.
    """

    def __init__(self, what: str, total: int | None, unit: str, start: int = 0) -> None:
        self.what, self.total, self.unit, self.done = what, total, unit, start
        self.bar = (
            tqdm(desc=what, total=total, unit=unit, initial=start, unit_scale=unit == "B", file=sys.stderr)
            if sys.stderr.isatty()
            else None
        )
        self.printed = self._count_tenths()

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
        elif self._count_tenths() > self.printed:
            self.printed = self._count_tenths()
            self._print()

    def set_total(self, total: int) -> None:
        """Sets how much there is to do, where that becomes known bit by bit; shows the first."""
        is_first = total and not self.total
        self.total = total
        if self.bar is not None:
            self.bar.total = total
            self.bar.refresh()
        elif is_first:
            self._print()

    def _print(self) -> None:
        print(f"{self.what}: {self.done} of {self.total} {self.unit}", file=sys.stderr, flush=True)

    def _count_tenths(self) -> int:
        return 10 * self.done // self.total if self.total else 0


def run_in_threads(
    what: str, unit: str, workers: int, function: Callable[[Item], Result], items: Sequence[Item]
) -> list[Result]:
    """Returns a function's result for each item; at the first error, or at Ctrl-C, no more are begun."""
    pool = ThreadPoolExecutor(workers)
    try:
        with Progress(what, len(items), unit) as progress:
            futures = [pool.submit(function, item) for item in items]
            for future in as_completed(futures):
                future.result()
                progress.advance()
    finally:
        pool.shutdown(cancel_futures=True)
    return [future.result() for future in futures]
