"""What lies before a person who reviews: the photo that is shown, the next one, and what was just judged.

The next photo is claimed and its picture fetched while the person looks at the one before. A thread keeps the
claims alive, and sends the events of what cannot be undone any more.
"""

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from console.photo import NoPhoto, reencode_photo
from console.reviews.errors import AlreadyTold, JudgedMeanwhile, UnknownPhoto
from console.reviews.photos import Waiting
from console.reviews.pictures import read_picture
from console.reviews.queue import CLAIM_SECONDS, Reviews
from console.reviews.table import Place
from console.reviews.telling import TELLING_SECONDS, UNDO_SECONDS, Teller
from evaluation.deployment import Deployment, EvaluationError
from lambdas.workflow.errors import ImageTooLarge, InvalidImage

_ROUND_SECONDS = 1.0
_FAULTS = (BotoCoreError, ClientError, EvaluationError)


@dataclass(frozen=True)
class Ready:
    """A photo that can be shown.

    Attributes:
        waiting: The photo.
        picture: The file with its picture, made small; None if there is none.
        fault: Why there is none, in a line; None if there is one.
    """

    waiting: Waiting
    picture: Path | None
    fault: str | None


class Desk:
    """Hands out photos and takes judgements. Leaving its context gives back what was claimed.

    Attributes:
        others: How many photos were passed over because they lay before another reviewer.
    """

    def __init__(
        self,
        deployment: Deployment,
        reviews: Reviews,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes a desk.

        Args:
            deployment: What is reviewed.
            reviews: The review.
            folder: Where the pictures are put.
            clock: Tells the time in seconds, from whatever beginning.
        """
        self.others = 0
        self._deployment = deployment
        self._reviews = reviews
        self._teller = Teller(deployment)
        self._folder = folder
        self._clock = clock
        self._after: Place | None = None
        self._ahead: Future[Ready | None] | None = None
        self._returned: list[Ready] = []
        self._judged: list[Ready] = []
        self._fetching = ThreadPoolExecutor(1)
        # Shared with the thread: the claimed photos, when to tell of which judged one, and lines to show.
        self._changing = threading.Lock()
        self._held: set[str] = set()
        self._untold: dict[str, float] = {}
        self._notes: list[str] = []
        self._closing = threading.Event()
        self._keeping = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._keeping.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._fetching.shutdown(cancel_futures=True)
        self._keeping.join()
        for photo in self._held:
            # The claim ends by itself, too.
            with suppress(*_FAULTS):
                self._reviews.release(photo)
        for photo in self._untold:
            self._teller.tell(photo)

    @property
    def undoable(self) -> int:
        """How many photos were judged here of which it is not known that they cannot be undone."""
        return len(self._judged)

    def take(self) -> Ready | None:
        """Returns the next photo, and begins to fetch the one after it; None if none is left."""
        if self._returned:
            return self._returned.pop()
        ready = self._take_ahead()
        # Others may have arrived since the end of the queue was seen, and AWS may answer by now.
        ready = ready or self._fetching.submit(self._fetch).result()
        if ready is not None:
            self._ahead = self._fetching.submit(self._fetch)
        return ready

    def put_back(self, ready: Ready) -> None:
        """Has a photo be the next to be taken."""
        self._returned.append(ready)

    def judge(self, ready: Ready, label: str | None) -> None:
        """Judges a photo; raises what ``Reviews.judge`` does."""
        photo = ready.waiting.photo
        try:
            self._reviews.judge(photo, label)
        except (JudgedMeanwhile, UnknownPhoto):
            self._let_go(photo)
            raise
        self._let_go(photo)
        self._judged.append(ready)
        with self._changing:
            self._untold[photo] = self._clock() + UNDO_SECONDS

    def skip(self, ready: Ready) -> None:
        """Gives a photo back to the queue."""
        self._reviews.release(ready.waiting.photo)
        self._let_go(ready.waiting.photo)

    def undo(self) -> Ready:
        """Takes back the last judgement; raises what ``Reviews.undo`` does."""
        ready = self._judged[-1]
        photo = ready.waiting.photo
        try:
            self._reviews.undo(photo)
        except (AlreadyTold, JudgedMeanwhile, UnknownPhoto):
            self._judged.pop()
            raise
        self._judged.pop()
        with self._changing:
            self._untold.pop(photo, None)
            self._held.add(photo)
        return ready

    def read_notes(self) -> list[str]:
        """Returns what the person should know, a line each: of photos that cannot be shown, and of events."""
        with self._changing:
            notes, self._notes = self._notes, []
        return notes

    def _let_go(self, photo: str) -> None:
        with self._changing:
            self._held.discard(photo)

    def _take_ahead(self) -> Ready | None:
        ahead, self._ahead = self._ahead, None
        with suppress(*_FAULTS):
            ready = ahead.result() if ahead is not None else None
            if ready is not None and ready.waiting.photo in self._held:
                return ready
        return None

    def _fetch(self) -> Ready | None:
        claimed = self._reviews.claim(self._after, 1)
        with self._changing:
            self._held.update(waiting.photo for waiting in claimed.photos)
            self._notes += claimed.faults
        ready = self._prepare(claimed.photos[0]) if claimed.photos else None
        # Last of all: where AWS does not answer, the same photo is fetched again.
        self._after = claimed.after
        self.others += claimed.others
        return ready

    def _prepare(self, waiting: Waiting) -> Ready:
        try:
            picture, media_type = reencode_photo(read_picture(self._deployment, waiting))
        except (NoPhoto, InvalidImage, ImageTooLarge) as error:
            return Ready(waiting, None, str(error))
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", PurePosixPath(waiting.key).stem)[:40].strip("-")
        file = self._folder / f"{stem or 'photo'}-{waiting.photo[:8]}.{media_type.rpartition('/')[2]}"
        file.write_bytes(picture)
        return Ready(waiting, file, None)

    def _keep(self) -> None:
        self._attempt(self._teller.tell_due)
        renewed = self._clock()
        while not self._closing.wait(_ROUND_SECONDS):
            now = self._clock()
            for photo in [photo for photo, due in list(self._untold.items()) if due <= now]:
                self._tell(photo)
            if now >= renewed + CLAIM_SECONDS / 3:
                renewed = now
                for photo in list(self._held):
                    self._attempt(partial(self._renew, photo))

    def _tell(self, photo: str) -> None:
        told = self._attempt(partial(self._teller.tell, photo))
        with self._changing:
            if told:
                self._untold.pop(photo, None)
            elif photo in self._untold:
                self._untold[photo] = self._clock() + TELLING_SECONDS

    def _renew(self, photo: str) -> None:
        try:
            self._reviews.renew(photo)
        except (JudgedMeanwhile, UnknownPhoto):
            self._let_go(photo)

    def _attempt(self, act: Callable[[], object]) -> bool:
        """Does something in the background; returns whether it was done, else there is a note."""
        try:
            act()
        except _FAULTS as error:
            with self._changing:
                self._notes.append(str(error))
            return False
        return True
