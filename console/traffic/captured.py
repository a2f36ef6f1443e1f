"""Reads what data capture writes to the bucket; an invocation takes some 30 bytes of memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from console.batches.naming import read_batch
from console.photo import NoPhoto, download
from console.traffic.known_pictures import UNTOLD, KnownPictures, number_picture
from console.traffic.source import ROW, InvocationSource, Origin
from evaluation.deployment import Deployment
from lambdas.workflow.captured_line import CapturedLine, read_line
from lambdas.workflow.places import CAPTURED, read_captured_variant, tells_other_classes

CONCURRENT_OBJECTS = 4
BLOCK_BYTES = 2**20


@dataclass
class _ObjectRows:
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    bad_lines: int = 0
    measurements: int = 0


class CapturedTraffic(InvocationSource):
    """The invocations that the endpoint's data capture has recorded."""

    name = "captured"
    unit = "captured object"

    def __init__(self, deployment: Deployment) -> None:
        super().__init__(deployment)
        self._keys: list[str] = []
        self._known: set[str] = set()
        self._pictures: KnownPictures | None = None

    def read_picture(self, place: int) -> bytes:
        """Returns the picture of an invocation, read anew from its line.

        Raises:
            NoPhoto: There is no such invocation, its picture was not captured or is no base64, or its object
                is gone.
        """
        picture = self._read_line(place).picture
        if picture is None:
            raise NoPhoto("The endpoint's requests are not captured")
        try:
            return picture.decode()
        except ValueError as error:
            raise NoPhoto(f"The captured picture cannot be read: {error}") from None

    def find_origin(self, place: int) -> Origin:
        """Returns the execution, which classify has left in the line, and the name of a staged picture."""
        with suppress(NoPhoto, ValueError):
            line = self._read_line(place)
            path = self._pictures.find_path(line.picture) if self._pictures else None
            batch = read_batch(line.execution) if line.execution else None
            return Origin(line.execution, path and path.rpartition("/")[2], batch)
        return Origin()

    def forget(self, classes: list[str]) -> None:
        """Forgets the objects, too."""
        super().forget(classes)
        self._keys, self._known = [], set()

    def read_new(self, manifest: dict[str, Any]) -> None:
        """Reads the objects that are new.

        Raises:
            BotoCoreError: S3 cannot be reached.
            ClientError: An object is gone or denied; all others have been read.
        """
        pictures = self._pictures = KnownPictures(manifest)
        new = [key for key in self._list_keys() if key not in self._known]
        self.progress.of += len(new)
        # The newest first, for whoever waits wants to see today before last month. The keys hold the hour.
        new.sort(key=lambda key: key.split("/")[-5:], reverse=True)
        unreadable = None

        def read(key: str) -> tuple[str, _ObjectRows | ClientError]:
            try:
                return key, self._read_object(key, pictures)
            except ClientError as error:
                return key, error

        pool = ThreadPoolExecutor(CONCURRENT_OBJECTS, thread_name_prefix="captured-object")
        try:
            # The first by itself, so that it is seen at once.
            for key, found in chain.from_iterable(pool.map(read, part) for part in (new[:1], new[1:])):
                if self.stop.is_set():
                    return
                if isinstance(found, _ObjectRows):
                    self._append_object(key, found)
                else:
                    unreadable = found
        finally:
            # An object that is not appended now is new the next time.
            self.progress.of = self.progress.read
            pool.shutdown(cancel_futures=True)
        if unreadable:
            raise unreadable

    def _read_line(self, place: int) -> CapturedLine:
        reading = self.collect()
        if place >= len(reading.rows):
            raise NoPhoto(f"There is no captured invocation {place}")
        row = reading.rows[place]
        key, first = self._keys[row["object"]], int(row["offset"])
        part = f"bytes={first}-{first + int(row['length']) - 1}"
        return read_line(download(self.s3, self.deployment.bucket, key, part), reading.classes)

    def _append_object(self, key: str, found: _ObjectRows) -> None:
        self._keys.append(key)
        self._known.add(key)
        block = np.array(found.rows, ROW)
        block["object"] = len(self._keys) - 1
        self.append(block)
        self.progress.read += 1
        self.progress.bad_lines += found.bad_lines
        self.progress.measurements += found.measurements

    def _list_keys(self) -> Iterator[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.deployment.bucket, Prefix=CAPTURED
        )
        keys = (entry["Key"] for page in pages for entry in page.get("Contents", []))
        # What a model of other classes answered would be read under the wrong names.
        return (key for key in keys if not tells_other_classes(read_captured_variant(key), self.classes))

    def _read_object(self, key: str, pictures: KnownPictures) -> _ObjectRows:
        body = self.s3.get_object(Bucket=self.deployment.bucket, Key=key)["Body"]
        found = _ObjectRows()
        offset = 0
        for line in body.iter_lines(BLOCK_BYTES, keepends=True):
            if self.stop.is_set():
                break
            try:
                captured = read_line(line, self.classes)
                truth = pictures.find_label(captured.picture)
            except ValueError:
                found.bad_lines += bool(line.strip())
            else:
                if captured.measurement:
                    found.measurements += 1
                else:
                    confidence = max(captured.inferences)
                    predicted = captured.inferences.index(confidence)
                    picture = number_picture(captured.picture.data) if captured.picture else UNTOLD
                    place = (0, offset, len(line))
                    found.rows.append((captured.time, confidence, predicted, truth, *place, picture))
            offset += len(line)
        return found
