"""SageMaker's jobs in a deploy: found by a name made of their inputs, or created, stopped, and checked."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.gate import ModelRefused
from lambdas.workflow import places

logger = Logger(use_rfc3339=True)
sagemaker = boto3.client("sagemaker")


def make_digest(facts: list[Any]) -> str:
    """Returns twelve hexadecimal digits that are others for other facts."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


def name_attempt(name: str, number: int) -> str:
    """Returns the name of an attempt, counted from one.

    SageMaker keeps the names of jobs forever: what failed can only be tried again under another name.
    """
    return name if number == 1 else f"{name}-{number}"


@dataclass(frozen=True)
class Jobs:
    """The jobs of one kind.

    Attributes:
        kind: The kind, as SageMaker's API names it.
        log_group: Their log group.
    """

    kind: Literal["Training", "Transform"]
    log_group: str

    def find_or_create(
        self,
        name: str,
        create: Callable[[str], object],
        has_result: Callable[[str], bool] = lambda job: False,
    ) -> str:
        """Returns the name of a job that runs or has left its result; creates one if there is none.

        Args:
            name: The name made of the job's inputs.
            create: Creates a job of a name.
            has_result: Returns whether a completed job can be taken as it is.
        """
        attempts = self._list_attempts(name)
        for job, status in attempts.items():
            if status == "InProgress" or (status == "Completed" and has_result(job)):
                logger.info(f"{self.kind} job taken as it is", extra={"job": job, "status": status})
                return job
        job = name_attempt(name, len(attempts) + 1)
        create(job)
        logger.info(f"{self.kind} job created", extra={"job": job})
        return job

    def check_completed(self, job: str, remedy: str) -> None:
        """Refuses the model of a job that did not complete.

        Args:
            job: Name of the job.
            remedy: What to do about a job that takes too long.

        Raises:
            ModelRefused: The job runs for too long, failed, or was stopped.
        """
        description = self._call("describe", job)
        status = description[f"{self.kind}JobStatus"]
        log = self.locate_log(job)
        if status == "InProgress":
            raise ModelRefused(
                f"{self.kind} job {job} runs for longer than a deploy can wait and is stopped: "
                f"{remedy} ({log})"
            )
        if status != "Completed":
            reason = description.get("FailureReason") or description.get("SecondaryStatus", "no reason given")
            raise ModelRefused(f"{self.kind} job {job} is {status}: {reason} ({log})")

    def stop_all(self, name: str) -> list[str]:
        """Stops the attempts under a name that run; returns all attempts, oldest first."""
        attempts = self._list_attempts(name)
        for job, status in attempts.items():
            if status == "InProgress":
                try:
                    self._call("stop", job)
                except ClientError as error:
                    # It ended by itself meanwhile.
                    if error.response["Error"]["Code"] != "ValidationException":
                        raise
        return list(attempts)

    def locate_log(self, job: str) -> str:
        """Returns where the log of a job is, in words."""
        return f"log group {self.log_group}, stream {job}/"

    def _list_attempts(self, name: str) -> dict[str, str]:
        """Returns the status of each attempt under a name, oldest first."""
        attempts: dict[str, str] = {}
        while (status := self._read_status(job := name_attempt(name, len(attempts) + 1))) is not None:
            attempts[job] = status
        return attempts

    def _read_status(self, job: str) -> str | None:
        try:
            return self._call("describe", job)[f"{self.kind}JobStatus"]
        except ClientError as error:
            # What SageMaker says of a job that is not there; the name itself is always a valid one.
            if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
                return None
            raise

    def _call(self, action: str, job: str) -> Any:
        return getattr(sagemaker, f"{action}_{self.kind.lower()}_job")(**{f"{self.kind}JobName": job})


TRAINING_JOBS = Jobs("Training", places.TRAINING_JOBS_LOG_GROUP)
TRANSFORM_JOBS = Jobs("Transform", places.TRANSFORM_JOBS_LOG_GROUP)
