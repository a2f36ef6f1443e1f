"""Tells of judged photos while the page is served, in a thread, and of the last ones when the server ends."""

import threading
from collections.abc import Callable
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from console.reviews.telling import UNDO_SECONDS, Teller
from evaluation.deployment import Deployment, EvaluationError, NotDeployed

CLOSE_SECONDS = 5
"""How long the server waits at its end until the last events are sent; a later one sends what is left."""


class BackgroundTeller:
    """Sends the events that tell of judged photos once the time to undo is over.

    What an earlier server or a terminal has left is told at the start. Between judgements nothing is asked of
    AWS.

    Attributes:
        fault: Why the last attempt failed, in one line; None if it did not. It is tried again.
    """

    def __init__(self, deployment: Deployment, seconds: float = UNDO_SECONDS) -> None:
        """Makes the teller of a deployment; ``start`` sets it to work.

        Args:
            deployment: Whose photos are judged.
            seconds: How long a judgement can be undone.
        """
        self._teller = Teller(deployment)
        self._seconds = seconds
        # Judged since the last round, and those for which the round waits.
        self._judged: list[str] = []
        self._due_next: list[str] = []
        self._changing = threading.Lock()
        self._woken = threading.Event()
        self._closing = threading.Event()
        # A call that AWS lets wait must not keep the process from its end.
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self.fault: str | None = None

    def start(self) -> None:
        """Begins to tell."""
        self._thread.start()

    def note(self, photo: str) -> None:
        """Takes notice that a photo was judged."""
        with self._changing:
            self._judged.append(photo)
        self._woken.set()

    def close(self) -> None:
        """Tells of what was judged here and nobody can undo any more, unless that takes long."""
        self._closing.set()
        self._woken.set()
        if self._judged or self._due_next:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        self._attempt(partial(self._teller.tell_due, self._seconds))
        # Somebody may have judged a moment before this server started.
        self._woken.set()
        while True:
            self._woken.wait()
            self._woken.clear()
            with self._changing:
                self._due_next, self._judged = self._due_next + self._judged, []
            if self._closing.wait(self._seconds):
                break
            if self._attempt(partial(self._teller.tell_due, self._seconds)):
                self._due_next = []
            else:
                self._woken.set()
        for photo in self._due_next + self._judged:
            self._attempt(partial(self._teller.tell, photo))

    def _attempt(self, tell: Callable[[], object]) -> bool:
        """Tells; returns whether there is nothing to try again."""
        try:
            tell()
        except NotDeployed:
            # There is no table, and so nothing was judged.
            return True
        except (BotoCoreError, ClientError, EvaluationError) as error:
            self.fault = f"What was judged is not told to other systems yet, which is tried again: {error}"
            return False
        self.fault = None
        return True
