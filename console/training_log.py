"""Reads the log of a training job: follows it while it is written, and reads the epochs from it."""

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from evaluation.deployment import Deployment
from lambdas.workflow.places import TRAINING_JOBS_LOG_GROUP, job_name

POLL_SECONDS = 2.0
# As the built-in image-classification algorithm writes them.
ACCURACY = re.compile(r"Epoch\[(\d+)\] (Train|Validation)-accuracy=(\d+(?:\.\d+)?)")
STORED = "Storing the best model with validation accuracy"
FOLLOWED = (
    "This training takes",
    "Features of the frozen layers",
    "Epoch[",
    "Storing the best model",
    "Error",
)


def follow(deployment: Deployment) -> Iterator[str]:
    """Yields the telling lines of the deployment's training jobs from now on, for ever."""
    since = int(time.time() * 1000)
    seen: set[str] = set()
    while True:
        for event in _read_events(deployment, job_name(deployment.name, ""), startTime=since):
            if event["eventId"] not in seen and any(word in event["message"] for word in FOLLOWED):
                seen.add(event["eventId"])
                yield f"training: {event['message'].rstrip()}"
        time.sleep(POLL_SECONDS)


def read_messages(deployment: Deployment, job: str) -> list[str]:
    """Returns the messages of a training job's log in the order of time; none if there is no log."""
    # Python's sort keeps the order of messages of the same millisecond.
    events = sorted(_read_events(deployment, f"{job}/"), key=lambda event: event["timestamp"])
    return [event["message"] for event in events]


def parse_history(messages: Iterable[str]) -> dict[str, Any]:
    """Reads a job's epochs from the messages of its log.

    Returns:
        ``epochs``: a list of ``epoch`` (from 0), ``train_accuracy`` and ``validation_accuracy`` (0 to 1, or
        None), in order; ``stored_epoch``: the epoch whose model was stored last, None if none was.
    """
    epochs: dict[int, dict[str, Any]] = {}
    stored = last = None
    for message in messages:
        if match := ACCURACY.search(message):
            last = int(match[1])
            empty = {"epoch": last, "train_accuracy": None, "validation_accuracy": None}
            epochs.setdefault(last, empty)[f"{match[2].lower()}_accuracy"] = float(match[3])
        elif STORED in message:
            stored = last
    return {"epochs": [epochs[number] for number in sorted(epochs)], "stored_epoch": stored}


def _read_events(deployment: Deployment, streams: str, **period: int) -> Iterator[dict[str, Any]]:
    pages = (
        deployment.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=TRAINING_JOBS_LOG_GROUP, logStreamNamePrefix=streams, **period)
    )
    try:
        for page in pages:
            yield from page["events"]
    except ClientError as error:
        # SageMaker creates the log group with an account's first training job.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
