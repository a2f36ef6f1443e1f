"""Runs a job, whatever its kind, on a thread of its own, and records how it ended."""

import logging
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from local.sagemaker import records
from local.sagemaker.containers.s3_data import DataError
from local.sagemaker.emulator import is_closing, make_folder, start_thread, start_work
from local.sagemaker.errors import ValidationException
from local.sagemaker.records import LOCK, Kind, Record
from local.saving.saver import note_change

FINISHED = ("Completed", "Failed", "Stopped")
_INTERRUPTED = "InternalServerError: The embedded cloud was stopped while the job ran. Please try again."
_REASON = 1024  # characters of FailureReason

_logger = logging.getLogger("sagemaker.jobs")
#: ARN of a job to the job, while it runs.
_running: dict[str, "Job"] = {}


class Stopped(Exception):
    """The job was asked to stop, or the embedded cloud is about to."""


class Failed(Exception):
    """The job failed; the message is its FailureReason."""


class Job(ABC):
    """A training job or a transform job; its record tells how far it is.

    Attributes:
        kind: Its kind of record.
        stop_seconds: Time that its container has to end when the job is stopped.
    """

    kind: ClassVar[Kind]
    stop_seconds: ClassVar[float]

    def __init__(self, record: Record) -> None:
        self.record = record
        self.name: str = record[f"{self.kind.name}Name"]
        self.arn: str = record[f"{self.kind.name}Arn"]
        self._log_fault = ""

    @property
    def status(self) -> str:
        """The job's status, such as ``InProgress``."""
        return str(self.record[f"{self.kind.name}Status"])

    @abstractmethod
    def carry_out(self, root: Path) -> None:
        """Does the job's work.

        Args:
            root: Folder that stands for its container's /opt/ml.

        Raises:
            Stopped: The work was given up.
            Failed: It failed.
            DataError: Its data are missing, not allowed or damaged.
        """

    @abstractmethod
    def stop_container(self, seconds: float) -> None:
        """Ends its container, if there is one, which has some seconds to end by itself."""

    def start(self) -> None:
        """Runs the job on a thread."""
        _running[self.arn] = self
        start_work(f"sagemaker-job-{self.name}", self._run)

    def stop(self) -> None:
        """Begins the job's end; the caller holds the lock."""
        self.record.update({f"{self.kind.name}Status": "Stopping", "LastModifiedTime": records.now()})
        start_thread("sagemaker-stop", self.stop_container, self.stop_seconds)

    def note_log_fault(self, reason: str) -> None:
        """Keeps why the job's log is not written, for a FailureReason that would point to it."""
        self._log_fault = f"Its log is not written: {reason}"

    def finish(self, status: str, reason: str | None = None) -> None:
        """Records how and when the job ended."""
        with LOCK:
            moment = records.now()
            end = f"{self.kind.name.removesuffix('Job')}EndTime"
            self.record.update({f"{self.kind.name}Status": status, end: moment, "LastModifiedTime": moment})
            if reason is not None:
                if self._log_fault:
                    reason = f"{reason.rstrip('.')}. {self._log_fault}"
                self.record["FailureReason"] = reason[:_REASON]
            _running.pop(self.arn, None)
        note_change("sagemaker")

    def fail_if_unfinished(self) -> None:
        """Fails a job that the end of the embedded cloud has interrupted."""
        if self.status not in FINISHED:
            self.finish("Failed", _INTERRUPTED)

    def check_wanted(self) -> None:
        """Raises ``Stopped`` where the job should not go on."""
        if self.status != "InProgress" or is_closing():
            raise Stopped

    def _run(self) -> None:
        folder = make_folder("jobs")
        status, reason = "Failed", None
        try:
            with tempfile.TemporaryDirectory(
                prefix=f"{self.name}-", dir=folder, ignore_cleanup_errors=True
            ) as root:
                self.carry_out(Path(root))
            status = "Completed"
        except Stopped:
            status, reason = ("Failed", _INTERRUPTED) if is_closing() else ("Stopped", None)
        except Failed as error:
            reason = str(error)
        except DataError as error:
            reason = f"ClientError: {error}"
        except Exception as error:
            _logger.exception("job %s", self.name)
            reason = f"InternalServerError: {error!r}. Please try again."
        self.finish(status, reason)


def stop_job(kind: Kind, request: dict[str, Any]) -> Record:
    """Runs the Stop operation of a kind of jobs.

    Raises:
        ApiError: There is no such job, or it has ended.
    """
    with LOCK:
        record = kind.describe(request)
        status = record[f"{kind.name}Status"]
        if status in FINISHED:
            raise ValidationException(
                f"The request was rejected because the {kind.noun} is in status {status}."
            )
        if status != "Stopping":
            _running[record[f"{kind.name}Arn"]].stop()
    return {}


def end_all() -> None:
    """Ends every job's container and leaves the records as they are."""
    for thread in [
        start_thread("sagemaker-stop", job.stop_container, 0.0) for job in list(_running.values())
    ]:
        thread.join()
