"""Prints what the training job says, while it says it."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
POLL_SECONDS = 2.0
TELLING = ("Features of the frozen layers", "Epoch[", "Storing the best model", "Error")


def follow(name: str, session: boto3.Session) -> Iterator[str]:
    """Yields the telling lines of the deployment's training jobs from now on, until it is interrupted.

    Args:
        name: The deployment's name; its training jobs are called ``{name}-…``.
        session: Where the client comes from.
    """
    since = int(time.time() * 1000)
    logs = session.client("logs")
    seen: set[str] = set()
    while True:
        for event in _events(logs, f"{name}-", since):
            if event["eventId"] not in seen and any(word in event["message"] for word in TELLING):
                seen.add(event["eventId"])
                yield f"training: {event['message'].rstrip()}"
        time.sleep(POLL_SECONDS)


def _events(logs: Any, prefix: str, since: int) -> Iterator[dict[str, Any]]:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP, logStreamNamePrefix=prefix, startTime=since
    )
    try:
        for page in pages:
            yield from page["events"]
    except ClientError as error:
        # SageMaker makes the group with an account's first training job.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
