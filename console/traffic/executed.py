"""Reads invocations from executions, where the endpoint captures nothing."""

from typing import Any

import numpy as np

from console.executions.history import Executions
from console.executions.routing import Photo
from console.photo import NoPhoto, download
from console.traffic.known_pictures import KnownPictures
from console.traffic.source import ROW, InvocationSource, Origin
from evaluation.deployment import Deployment

MOST_EXECUTIONS = 5_000
# An execution's picture lies in no captured object.
NO_PLACE = (0, 0, 0)


class ExecutedTraffic(InvocationSource):
    """The model's answers in the newest MOST_EXECUTIONS executions that Step Functions keeps."""

    name = "executed"
    unit = "execution"
    first_number = 2**31

    def __init__(self, deployment: Deployment, executions: Executions) -> None:
        super().__init__(deployment)
        self._executions = executions
        self._known: set[str] = set()
        self._running: set[str] = set()
        self._has_read_all = False
        self._photos: list[Photo] = []

    def read_picture(self, place: int) -> bytes:
        """Returns the photo of an execution, as it lies in its bucket now.

        Raises:
            NoPhoto: There is no such invocation, or its photo is gone.
        """
        if place >= len(self._photos):
            raise NoPhoto(f"There is no invocation of execution {place}")
        photo = self._photos[place]
        return download(self.s3, photo.bucket, photo.key)

    def find_origin(self, place: int) -> Origin:
        """Returns the name of the execution, and that of its photo's object."""
        if place >= len(self._photos):
            return Origin()
        photo = self._photos[place]
        return Origin(photo.label, photo.key.rpartition("/")[2])

    def forget(self, classes: list[str]) -> None:
        """Forgets the executions, too."""
        super().forget(classes)
        self._known, self._running, self._photos = set(), set(), []
        self._has_read_all = False

    def read_new(self, manifest: dict[str, Any]) -> None:
        """Reads the executions that have ended since the last reading.

        Once all have been read, what is older than a whole batch of known ones is known, but for those that
        were running.
        """
        pictures = KnownPictures(manifest)
        looked_at = 0
        awaited, self._running = self._running, set()
        may_stop, self._has_read_all = self._has_read_all, False
        for batch in self._executions.list_newest(MOST_EXECUTIONS):
            if self.stop.is_set():
                return
            looked_at += len(batch)
            running = {found["id"] for found in batch if found["outcome"] == "running"}
            new = [found for found in batch if found["id"] not in running | self._known]
            awaited = awaited - {found["id"] for found in batch}
            self._running |= running
            self._known.update(found["id"] for found in new)
            answered = [found for found in new if found["predicted_class"] in self.classes and found["key"]]
            self._photos += [Photo(found["id"], found["bucket"], found["key"]) for found in answered]
            block = [
                (
                    found["started"],
                    found["confidence"],
                    self.classes.index(found["predicted_class"]),
                    pictures.find_label_by_key(found["key"]),
                    *NO_PLACE,
                    pictures.number_key(found["key"]),
                )
                for found in answered
            ]
            self.append(np.array(block, ROW))
            self.progress.read += len(new)
            self.progress.more = self.progress.more or looked_at == MOST_EXECUTIONS
            if may_stop and not (new or running or awaited):
                break
        self._has_read_all = True
