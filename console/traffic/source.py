"""Reads invocations in a thread and keeps them as columns: the common part of both sources."""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from evaluation.deployment import Deployment, NotDeployed

ROW = np.dtype(
    [
        ("time", "<f8"),
        ("confidence", "<f8"),
        ("predicted", "<u2"),
        ("truth", "<i2"),
        ("object", "<u4"),
        ("offset", "<u8"),
        ("length", "<u4"),
        ("picture", "<u4"),
    ]
)
"""An invocation: Unix seconds, highest probability, its class, the true class or UNKNOWN of
known_pictures, where its picture is (the number of an object, from which byte, how many bytes), and the
picture's number of known_pictures."""


@dataclass(frozen=True)
class Reading:
    """What has been read so far.

    Attributes:
        generation: How often all was forgotten; the numbers of invocations hold within one.
        classes: Names of the classes in label order.
        other_class: The one of them whose photos are refused; None where there is none.
        rows: The invocations, of type ROW, in the order of their numbers.
    """

    generation: int
    classes: list[str]
    other_class: str | None
    rows: np.ndarray


@dataclass(frozen=True)
class Origin:
    """Where an invocation comes from.

    Attributes:
        execution: Name of the execution that it was for; None if that is not known.
        name: Name of the photo's file; None if that is not known.
        batch: Id of the batch of which that execution was a run; None if it was of no batch.
    """

    execution: str | None = None
    name: str | None = None
    batch: str | None = None


@dataclass
class Progress:
    """How far the invocations have been read.

    Attributes:
        unit: What is read: captured objects or executions.
        read: How many of them have been read.
        of: How many were found; 0 if that is not known beforehand.
        more: Whether there are older ones that are not read.
        invocations: Invocations read from them.
        bad_lines: Captured lines that are no answer of a model of these classes.
        measurements: Invocations that only measured the model, left out.
        done: Whether no reading goes on.
        error: Why the last reading failed, in whole or in part.
        missing: What to do if there is nothing to read yet.
    """

    unit: str
    read: int = 0
    of: int = 0
    more: bool = False
    invocations: int = 0
    bad_lines: int = 0
    measurements: int = 0
    done: bool = True
    error: str | None = None
    missing: str | None = None


class InvocationSource(ABC):
    """The invocations of a deployment, numbered in the order of reading.

    Attributes:
        name: Name of the source.
        unit: What is read, see ``Progress``.
        first_number: Number of the first invocation; the numbers of two sources do not overlap.
    """

    name: str
    unit: str
    first_number = 0

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.s3 = deployment.client("s3")
        self.stop = threading.Event()
        self.classes: list[str] = []
        self.other_class: str | None = None
        self.progress = Progress(self.unit)
        self._lock = threading.Lock()
        self._rests = threading.Event()
        self._rests.set()
        self._generation = 0
        self._blocks: list[np.ndarray] = []

    def start_reading(self) -> None:
        """Starts to read, in threads of its own, what is new since; does nothing while that goes on."""
        with self._lock:
            if not self.progress.done:
                return
            self.progress.done, self.progress.error, self.progress.missing = False, None, None
            self._rests.clear()
        threading.Thread(target=self._run, name="invocations", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Returns once no reading goes on, or after so many seconds."""
        self._rests.wait(seconds)

    def collect(self) -> Reading:
        """Returns what has been read so far."""
        with self._lock:
            if len(self._blocks) > 1:
                self._blocks = [np.concatenate(self._blocks)]
            rows = self._blocks[0] if self._blocks else np.empty(0, ROW)
            return Reading(self._generation, self.classes, self.other_class, rows)

    @abstractmethod
    def read_picture(self, place: int) -> bytes:
        """Returns the picture of an invocation.

        Args:
            place: The invocation's place in the order of reading, from 0.

        Raises:
            NoPhoto: There is no such invocation, or its picture is not kept.
        """

    @abstractmethod
    def find_origin(self, place: int) -> Origin:
        """Returns where an invocation comes from, as far as that is known.

        Args:
            place: As for ``read_picture``.
        """

    @abstractmethod
    def read_new(self, manifest: dict[str, Any]) -> None:
        """Reads what is new, newest first, and appends it.

        Args:
            manifest: The staged data set's manifest.
        """

    def forget(self, classes: list[str]) -> None:
        """Forgets all invocations: their classes are known by number, and these are staged now."""
        with self._lock:
            self._blocks = []
            self._generation += 1
            self.classes = classes
        self.progress = Progress(self.unit, done=False)

    def append(self, block: np.ndarray) -> None:
        """Appends invocations of type ROW."""
        with self._lock:
            self._blocks.append(block)
        self.progress.invocations += len(block)

    def _run(self) -> None:
        try:
            manifest = self.deployment.read_manifest()
            if manifest["classes"] != self.classes:
                self.forget(manifest["classes"])
            self.other_class = manifest.get("other_class")
            self.read_new(manifest)
        except NotDeployed as error:
            self.progress.missing = str(error)
        except (BotoCoreError, ClientError) as error:
            self.progress.error = f"Not everything can be read: {error}"
        # An error that leaves a thread reaches nobody.
        except Exception as error:
            if not self.stop.is_set():
                self.progress.error = f"Not everything can be read: {type(error).__name__}: {error}"
        finally:
            self.progress.done = True
            self._rests.set()
