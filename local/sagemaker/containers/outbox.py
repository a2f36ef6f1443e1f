"""Hands items to a thread in batches, so that putting one never waits."""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from local.sagemaker.emulator import start_thread

Item = TypeVar("Item")


class Outbox(Generic[Item]):
    """Items on their way to a service."""

    def __init__(
        self,
        name: str,
        send: Callable[[Iterator[list[Item]]], None],
        *,
        seconds: float,
        largest: int | None = None,
    ) -> None:
        """Starts a thread that runs ``send``, which takes one batch after the other until there are no more.

        A batch is gathered for some seconds once it has an item, and has ``largest`` items at the most.
        """
        self._seconds, self._largest = seconds, largest
        self._items: list[Item] = []
        self._closed = False
        self._changed = threading.Condition()
        self._thread = start_thread(name, send, self._batches())

    def put(self, item: Item) -> None:
        """Takes an item; never waits."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def close(self) -> None:
        """Returns when all items are sent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _batches(self) -> Iterator[list[Item]]:
        while batch := self._next():
            yield batch

    def _next(self) -> list[Item]:
        """Waits for a batch; returns none when closed and all is sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed)
            self._changed.wait_for(lambda: self._closed, self._seconds)
            end = len(self._items) if self._largest is None else self._largest
            batch, self._items = self._items[:end], self._items[end:]
            return batch
