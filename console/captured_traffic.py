"""What data capture left in the bucket, read once and kept as columns: some 30 bytes an invocation."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from console.captured_line import read_line
from console.deployment import Deployment, NotDeployed
from console.known_pictures import KnownPictures
from console.shown_photo import NoPhoto, stored

PREFIX = "captured/"
CONCURRENT_OBJECTS = 4
BLOCK_BYTES = 2**20
ROW = np.dtype(
    [
        ("time", "<f8"),
        ("confidence", "<f4"),
        ("predicted", "<u2"),
        ("truth", "<i2"),
        ("object", "<u4"),
        ("offset", "<u8"),
        ("length", "<u4"),
    ]
)
"""An invocation: Unix seconds, highest probability, its class, the true class or UNKNOWN of
known_pictures, and the place of its line: which object, from which byte, how many bytes."""


@dataclass
class Progress:
    """How far the captured objects have been read.

    Attributes:
        read: Objects read, of those found.
        of: Objects found in the bucket.
        invocations: Invocations read from them.
        bad_lines: Lines that are no captured answer of a model of these classes.
        measurements: Invocations that only measured the model, left out.
        done: Whether nobody is reading now.
        error: Why the last reading broke off, if it did.
        missing: What to do about that there is nothing to read yet.
    """

    read: int = 0
    of: int = 0
    invocations: int = 0
    bad_lines: int = 0
    measurements: int = 0
    done: bool = True
    error: str | None = None
    missing: str | None = None


@dataclass
class _ObjectRows:
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    bad_lines: int = 0
    measurements: int = 0


class CapturedTraffic:
    """The captured invocations of a deployment. Each has a number, its place in the order of reading."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._s3 = deployment.session.client("s3")
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._keys: list[str] = []
        self._known: set[str] = set()
        self._blocks: list[np.ndarray] = []
        self.classes: list[str] = []
        self.progress = Progress()

    def read_new(self) -> None:
        """Begins to read, in threads of its own, what was captured since; does nothing while that goes on."""
        with self._lock:
            if not self.progress.done:
                return
            self.progress.done, self.progress.error, self.progress.missing = False, None, None
        threading.Thread(target=self._read, name="captured-traffic", daemon=True).start()

    def rows(self) -> np.ndarray:
        """Returns the invocations read so far, of type ROW, in the order of their numbers."""
        with self._lock:
            if len(self._blocks) > 1:
                self._blocks = [np.concatenate(self._blocks)]
            return self._blocks[0] if self._blocks else np.empty(0, ROW)

    def picture(self, number: int) -> bytes:
        """Returns the picture of an invocation, read anew from its line.

        Raises:
            NoPhoto: There is no such invocation, its picture was not captured, or its object is gone.
        """
        rows = self.rows()
        if not 0 <= number < len(rows):
            raise NoPhoto(f"There is no captured invocation {number}")
        row = rows[number]
        key, first = self._keys[row["object"]], int(row["offset"])
        part = f"bytes={first}-{first + int(row['length']) - 1}"
        line = stored(self._s3, self._deployment.bucket, key, part)
        picture = read_line(line, self.classes).picture
        if picture is None:
            raise NoPhoto("The endpoint's requests are not captured")
        return picture.content()

    def close(self) -> None:
        """Makes a reading end soon."""
        self._stop.set()

    def _read(self) -> None:
        try:
            self._read_objects()
        except NotDeployed as error:
            self.progress.missing = str(error)
        except (BotoCoreError, ClientError) as error:
            self.progress.error = f"Captured traffic can not be read: {error}"
        finally:
            self.progress.done = True

    def _read_objects(self) -> None:
        manifest = self._deployment.manifest()
        self.classes = manifest["classes"]
        pictures = KnownPictures(manifest["files"])
        new = [key for key in self._listed() if key not in self._known]
        self.progress.of += len(new)
        # The newest first: whoever waits sees today before last month. Hours are in the keys.
        new.sort(key=lambda key: key.split("/")[-5:], reverse=True)

        def read(key: str) -> tuple[str, _ObjectRows]:
            return key, self._read_object(key, pictures)

        pool = ThreadPoolExecutor(CONCURRENT_OBJECTS, thread_name_prefix="captured-object")
        try:
            # The first by itself: it is seen at once, and the others take turns.
            for key, found in chain.from_iterable(pool.map(read, part) for part in (new[:1], new[1:])):
                if self._stop.is_set():
                    return
                self._take(key, found)
        finally:
            # An object that is not taken now is new the next time.
            self.progress.of = self.progress.read
            pool.shutdown(cancel_futures=True)

    def _take(self, key: str, found: _ObjectRows) -> None:
        block = np.array(found.rows, ROW)
        with self._lock:
            block["object"] = len(self._keys)
            self._keys.append(key)
            self._known.add(key)
            self._blocks.append(block)
        self.progress.read += 1
        self.progress.invocations += len(block)
        self.progress.bad_lines += found.bad_lines
        self.progress.measurements += found.measurements

    def _listed(self) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._deployment.bucket, Prefix=PREFIX
        )
        return (entry["Key"] for page in pages for entry in page.get("Contents", []))

    def _read_object(self, key: str, pictures: KnownPictures) -> _ObjectRows:
        body = self._s3.get_object(Bucket=self._deployment.bucket, Key=key)["Body"]
        found = _ObjectRows()
        offset = 0
        for line in body.iter_lines(BLOCK_BYTES, keepends=True):
            if self._stop.is_set():
                break
            try:
                captured = read_line(line, self.classes)
                truth = pictures.label(captured.picture)
            except ValueError:
                found.bad_lines += bool(line.strip())
            else:
                if captured.measurement:
                    found.measurements += 1
                else:
                    confidence = max(captured.inferences)
                    predicted = captured.inferences.index(confidence)
                    found.rows.append((captured.time, confidence, predicted, truth, 0, offset, len(line)))
            offset += len(line)
        return found
