"""Reads invocations from executions, where the endpoint captures nothing."""

from typing import Any

import numpy as np

from console.executions.history import Executions
from console.executions.routing import Photo
from console.photo import NoPhoto, download
from console.traffic.known_pictures import KnownPictures
from console.traffic.source import ROW, InvocationSource
from evaluation.deployment import Deployment

MOST_EXECUTIONS = 5_000
# An execution's picture lies in no captured object.
NO_PLACE = (0, 0, 0)


class ExecutedTraffic(InvocationSource):
    """The model's answers in the newest MOST_EXECUTIONS executions that Step Functions keeps."""

    unit = "execution"
    first_number = 2**31

    def __init__(self, deployment: Deployment, executions: Executions) -> None:
        super().__init__(deployment)
        self._executions = executions
        self._known: set[str] = set()
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

    def forget(self) -> None:
        """Forgets the executions, too."""
        super().forget()
        self._known, self._photos = set(), []

    def read_new(self, manifest: dict[str, Any]) -> None:
        """Reads the executions that have ended since the last reading."""
        pictures = KnownPictures(manifest)
        looked_at = 0
        for batch in self._executions.list_newest(MOST_EXECUTIONS):
            if self.stop.is_set():
                return
            looked_at += len(batch)
            new = [
                found for found in batch if found["outcome"] != "running" and found["id"] not in self._known
            ]
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
                )
                for found in answered
            ]
            self.append(np.array(block, ROW))
            self.progress.read += len(new)
            self.progress.more = looked_at == MOST_EXECUTIONS
