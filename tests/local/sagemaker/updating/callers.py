"""Callers that never stop, and that fail where a call had no answer."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.local.sagemaker.server import Server, wait_for

BLUE, GREEN = (0.5, 0.5), (0.25, 0.75)
MODEL_ERROR = ("ModelError", 500)


class Calls:
    """What callers got: probabilities, or what a container answered with an error."""

    def __init__(self, server: Server, name: str) -> None:
        self.answers: list[Any] = []
        self.unanswered: list[Exception] = []
        self._server, self._name = server, name
        self._stop = threading.Event()

    def call_on(self) -> None:
        while not self._stop.is_set():
            try:
                self.answers.append(tuple(self._server.ask(self._name)))
            except ClientError as error:
                status = error.response.get("OriginalStatusCode")
                if error.response["Error"]["Code"] != "ModelError" or not status:
                    self.unanswered.append(error)
                self.answers.append((error.response["Error"]["Code"], status))
            except Exception as error:
                self.unanswered.append(error)

    def stop(self) -> None:
        self._stop.set()

    def next(self, count: int = 6) -> set[Any]:
        """Waits for answers to calls that begin from now on and returns the different ones."""
        here = len(self.answers) + 2
        wait_for(lambda: len(self.answers) >= here + count)
        return set(self.answers[here:])


@contextlib.contextmanager
def calling(server: Server, name: str) -> Iterator[Calls]:
    """Calls an endpoint from two threads without a pause; fails where a call had no answer."""
    calls = Calls(server, name)
    threads = [threading.Thread(target=calls.call_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        calls.next()
        yield calls
        calls.next()
    finally:
        calls.stop()
        for thread in threads:
            thread.join()
    assert calls.unanswered == []
