"""SageMaker's jobs in a deploy: found by a name made of their inputs, or created, and checked at the end."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.custom_resource import EndedJob
from lambdas.deploy.gate import ModelRefused
from lambdas.workflow import places

logger = Logger(use_rfc3339=True)
sagemaker = boto3.client("sagemaker")


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
        self, name: str, create: Callable[[str], object], has_result: Callable[[str], bool]
    ) -> str:
        """Returns the name of a job that runs or has left its result; creates one if there is none.

        SageMaker keeps the names of jobs forever: what failed can only be tried again under another name.

        Args:
            name: The name made of the job's inputs; numbered from the second attempt on.
            create: Creates a job of a name.
            has_result: Returns whether the result of a completed job is still there.
        """
        attempts = itertools.count(2)
        job = name
        while (status := self._read_status(job)) is not None:
            if status == "InProgress" or (status == "Completed" and has_result(job)):
                logger.info(f"{self.kind} job taken as it is", extra={"job": job, "status": status})
                return job
            job = f"{name}-{next(attempts)}"
        create(job)
        logger.info(f"{self.kind} job created", extra={"job": job})
        return job

    def check_completed(self, job: EndedJob, remedy: str) -> dict[str, Any]:
        """Returns SageMaker's description of a job that completed; stops one that still runs.

        Args:
            job: The job.
            remedy: What to do about a job that takes too long.

        Raises:
            ModelRefused: The job did not complete, or waiting for it failed.
        """
        description = self._call("describe", job.name)
        status = description[f"{self.kind}JobStatus"]
        if status == "InProgress":
            self._call("stop", job.name)
        if job.failure is not None:
            raise ModelRefused(f"Waiting for {self.kind.lower()} job {job.name} failed: {job.failure}")
        log = self.locate_log(job.name)
        if status == "InProgress":
            raise ModelRefused(
                f"{self.kind} job {job.name} runs for longer than a deploy can wait and is stopped: "
                f"{remedy} ({log})"
            )
        if status != "Completed":
            reason = description.get("FailureReason") or description.get("SecondaryStatus", "no reason given")
            raise ModelRefused(f"{self.kind} job {job.name} is {status}: {reason} ({log})")
        return description

    def stop_if_running(self, job: str) -> None:
        """Stops a job if there is one of this name and it runs."""
        if self._read_status(job) == "InProgress":
            self._call("stop", job)

    def locate_log(self, job: str) -> str:
        """Returns where the log of a job is, in words."""
        return f"log group {self.log_group}, stream {job}/"

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
