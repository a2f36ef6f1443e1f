"""The invocations of a deployment whose endpoint captures nothing: those that its executions tell of."""

from typing import Any

import numpy as np

from console.deployment import Deployment
from console.executions.history import Executions
from console.executions.routing import Photo
from console.photo import NoPhoto, stored
from console.traffic.known_pictures import KnownPictures
from console.traffic.source import ROW, InvocationSource

MOST_EXECUTIONS = 5_000


class ExecutedTraffic(InvocationSource):
    """The answers of the model in the newest MOST_EXECUTIONS executions that Step Functions keeps."""

    unit = "execution"

    def __init__(self, deployment: Deployment, executions: Executions) -> None:
        super().__init__(deployment)
        self._executions = executions
        self._known: set[str] = set()
        self._photos: list[Photo] = []

    def picture(self, number: int) -> bytes:
        """Returns the photo of an execution, as it lies in its bucket now.

        Raises:
            NoPhoto: There is no such invocation, or its photo is gone.
        """
        if not 0 <= number < len(self._photos):
            raise NoPhoto(f"There is no invocation {number}")
        photo = self._photos[number]
        return stored(self.s3, photo.bucket, photo.key)

    def read(self, manifest: dict[str, Any]) -> None:
        """Reads the executions that have ended since."""
        pictures = KnownPictures(manifest)
        looked_at = 0
        for batch in self._executions.newest(MOST_EXECUTIONS):
            if self.stop.is_set():
                return
            looked_at += len(batch)
            new = [
                found for found in batch if found["outcome"] != "running" and found["id"] not in self._known
            ]
            self._known.update(found["id"] for found in new)
            answered = [found for found in new if found["predicted_class"] in self.classes and found["key"]]
            first = len(self._photos)
            self._photos += [Photo(found["id"], found["bucket"], found["key"]) for found in answered]
            block = np.zeros(len(answered), ROW)
            for place, found in enumerate(answered):
                block[place]["time"] = found["started"]
                block[place]["confidence"] = found["confidence"]
                block[place]["predicted"] = self.classes.index(found["predicted_class"])
                block[place]["truth"] = pictures.label_at(found["key"])
                block[place]["object"] = first + place
            self.take(block)
            self.progress.read += len(new)
            self.progress.more = looked_at == MOST_EXECUTIONS
