"""The epochs of a training job, read from its log."""

import re
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from console.training_log import LOG_GROUP

# As the built-in image-classification algorithm writes them.
ACCURACY = re.compile(r"Epoch\[(\d+)\] (Train|Validation)-accuracy=(\d+(?:\.\d+)?)")
STORED = "Storing the best model with validation accuracy"


def training_history(messages: Iterable[str]) -> dict[str, Any]:
    """Returns what a log tells of a job's epochs.

    Args:
        messages: The log's lines in the order of time.

    Returns:
        ``epochs``: a list of ``epoch`` (from 0), ``train_accuracy`` and ``validation_accuracy`` (0 to 1, or
        None), in order; ``stored_epoch``: the epoch whose model was stored last, None if none was.
    """
    epochs: dict[int, dict[str, Any]] = {}
    stored = last = None
    for message in messages:
        if match := ACCURACY.search(message):
            last = int(match[1])
            epoch = epochs.setdefault(
                last, {"epoch": last, "train_accuracy": None, "validation_accuracy": None}
            )
            epoch[f"{match[2].lower()}_accuracy"] = float(match[3])
        elif STORED in message:
            stored = last
    return {"epochs": [epochs[number] for number in sorted(epochs)], "stored_epoch": stored}


def log_messages(logs: Any, job: str) -> list[str]:
    """Returns the messages of a training job's log in the order of time; none where there is no log."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/"
    )
    try:
        events = [event for page in pages for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return []
    # Python's sort keeps the order of what has the same millisecond.
    return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]
