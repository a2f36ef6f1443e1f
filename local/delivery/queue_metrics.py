"""Tells CloudWatch each minute what waits in the queues and what has happened in them, as AWS/SQS.

AWS tells the sizes of messages too, and stops to tell of a queue that nobody has used for six hours.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import json
import logging
import threading
import time
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import cloudwatch, sqs

from local.delivery.queue_traffic import take_counts
from local.patching import find_original, wrap

NAMESPACE = "AWS/SQS"
SECONDS = 60.0
MOST_RECEIVES = 3
"""From so many on a message of a queue counts no more for the age of its oldest one."""

_logger = logging.getLogger("sqs.metrics")


def install() -> None:
    """Measures from when the saved state is back."""
    find_original(cloudwatch, "record_metric")
    for used in ("_queues", "_queues_lock", "_ensure_msg_fields", "_queue_by_arn"):
        find_original(sqs, used)
    wrap(sqs, "_dlq_sweep", _sweep)
    wrap(app, "_load_persisted_state", _load)


def measure_all(now: float) -> None:
    """Measures each queue.

    Args:
        now: Seconds since 1970.
    """
    for (account, region, _), queue in sqs._queues.all_items():
        with sqs._queues_lock:
            measured = measure(queue, now) | take_counts(queue["attributes"]["QueueArn"])
        with request_scope(account, region):
            for name, value in measured.items():
                unit = "Seconds" if name.startswith("ApproximateAge") else "Count"
                cloudwatch.record_metric(NAMESPACE, name, value, unit, {"QueueName": queue["name"]})


def measure(queue: dict[str, Any], now: float) -> dict[str, float]:
    """Returns the values of a queue's metrics, the age in seconds; there are none of what it has not."""
    messages = queue["messages"]
    for message in messages:
        sqs._ensure_msg_fields(message)
    visible = sum(message["visible_at"] <= now for message in messages)
    delayed = sum(message["visible_at"] > now and not message["receive_count"] for message in messages)
    in_flight = len(messages) - visible - delayed
    ages = [
        now - message.get("moved_at", message["sent_at"])
        for message in messages
        if "moved_at" in message or message["receive_count"] < MOST_RECEIVES
    ]
    return {
        "ApproximateNumberOfMessagesVisible": visible,
        **({"ApproximateNumberOfMessagesNotVisible": in_flight} if in_flight else {}),
        **({"ApproximateNumberOfMessagesDelayed": delayed} if delayed else {}),
        **({"ApproximateAgeOfOldestMessage": max(0.0, *ages)} if ages else {}),
    }


def _sweep(sweep: Any, queue: dict[str, Any]) -> None:
    """Notes when messages are moved to a dead-letter queue: there their age begins anew."""
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    dead_letters = sqs._queue_by_arn(policy.get("deadLetterTargetArn", ""))
    with sqs._queues_lock:
        known = len(dead_letters["messages"]) if dead_letters else 0
        sweep(queue)
        for message in dead_letters["messages"][known:] if dead_letters else ():
            message["moved_at"] = time.time()


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
