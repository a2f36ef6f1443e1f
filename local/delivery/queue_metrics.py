"""Tells CloudWatch each minute what waits in the queues, in its AWS/SQS namespace.

These are the ones that alarms watch; what is sent, received and deleted is not counted. AWS stops to tell of
a queue that nobody has used for six hours.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import logging
import threading
import time
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import cloudwatch, sqs

from local.patching import find_original, wrap

NAMESPACE = "AWS/SQS"
SECONDS = 60.0

_logger = logging.getLogger("sqs.metrics")


def install() -> None:
    """Measures from when the saved state is back."""
    find_original(cloudwatch, "record_metric")
    for used in ("_queues", "_queues_lock", "_ensure_msg_fields"):
        find_original(sqs, used)
    wrap(app, "_load_persisted_state", _load)


def measure_all(now: float) -> None:
    """Measures each queue.

    Args:
        now: Seconds since 1970.
    """
    for (account, region, _), queue in sqs._queues.all_items():
        with sqs._queues_lock:
            measured = measure(queue, now)
        with request_scope(account, region):
            for name, value in measured.items():
                unit = "Seconds" if name.startswith("ApproximateAge") else "Count"
                cloudwatch.record_metric(NAMESPACE, name, value, unit, {"QueueName": queue["name"]})


def measure(queue: dict[str, Any], now: float) -> dict[str, float]:
    """Returns the values of a queue's metrics, the age in seconds."""
    messages = queue["messages"]
    for message in messages:
        sqs._ensure_msg_fields(message)
    visible = sum(message["visible_at"] <= now for message in messages)
    delayed = sum(message["visible_at"] > now and not message["receive_count"] for message in messages)
    ages = [now - message["sent_at"] for message in messages]
    return {
        "ApproximateNumberOfMessagesVisible": visible,
        "ApproximateNumberOfMessagesNotVisible": len(messages) - visible - delayed,
        "ApproximateNumberOfMessagesDelayed": delayed,
        "ApproximateAgeOfOldestMessage": max([0.0, *ages]),
    }


def _load(load_all: Any) -> None:
    load_all()
    # A daemon: it ends with the process.
    threading.Thread(target=_keep_measuring, name="queue metrics", daemon=True).start()


def _keep_measuring() -> None:
    while True:
        time.sleep(SECONDS)
        try:
            measure_all(time.time())
        except Exception:  # the next minute may be told what this one could not
            _logger.exception("the queues cannot be measured")
