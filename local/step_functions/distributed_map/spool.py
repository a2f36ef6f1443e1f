"""Keeps the inputs of a Map Run's executions in a file until the run has succeeded: there may be many.

It outlives the server, so that a redrive starts what had not been started.
"""

from collections.abc import Iterator
from pathlib import Path

_folder: list[Path] = []


def install(folder: Path) -> None:
    """Tells where the files lie; the folder is made when there is one to write."""
    _folder[:] = [folder]


class Spool:
    """The inputs of one Map Run.

    Args:
        name: The run's name.
    """

    def __init__(self, name: str) -> None:
        self._path = _folder[0] / f"{name}.inputs"

    def write(self, inputs: Iterator[tuple[int, str]]) -> tuple[int, int]:
        """Writes all inputs; returns how many there are, and how many items they have.

        Args:
            inputs: How many items each has, and the input as JSON.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        try:
            with new.open("w", encoding="utf-8", errors="surrogatepass") as file:
                file.writelines(f"{count} {text}\n" for count, text in inputs)
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)
        return self.measure()

    def exists(self) -> bool:
        """Returns whether they are there, all of them."""
        return self._path.exists()

    def read(self) -> Iterator[tuple[int, int, str]]:
        """Yields the number of each input, from 0, how many items it has, and its JSON."""
        with self._path.open(encoding="utf-8", errors="surrogatepass", newline="\n") as file:
            for index, line in enumerate(file):
                count, _, text = line.removesuffix("\n").partition(" ")
                yield index, int(count), text

    def measure(self) -> tuple[int, int]:
        """Returns how many there are, and how many items they have."""
        counts = [count for _, count, _ in self.read()]
        return len(counts), sum(counts)

    def clear(self) -> None:
        """Removes them."""
        self._path.unlink(missing_ok=True)
