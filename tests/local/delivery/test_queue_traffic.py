"""What is sent to a queue, received and deleted is counted as AWS documents it, whoever does it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope
from ministack.services import eventbridge, s3, sns, sqs

from local.delivery import queue_metrics, queue_traffic
from local.delivery.queue_traffic import DELETED, EMPTY, RECEIVED, SENT, take_counts

WRAPPED = {
    sqs: ("_act_send_message", "_receive_messages_for_esm", "_delete_messages_for_esm", "_dlq_sweep"),
    eventbridge: ("_dispatch_to_sqs",),
    s3: ("_deliver_event_to_sqs",),
    sns: ("_deliver_to_sqs",),
}


@dataclass(frozen=True)
class Queue:
    """A queue of MiniStack's in this process."""

    url: str
    arn: str

    def ask(self, operation: str, **request: Any) -> Any:
        answer = sqs._HANDLERS[operation]({"QueueUrl": self.url, **request}, self.url)
        return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(sqs._queue_by_arn(self.arn)["messages"])


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MiniStack's queues, counted until the test is over."""
    monkeypatch.setattr(sqs, "_HANDLERS", dict(sqs._HANDLERS))
    # As local.delivery.queues has it.
    monkeypatch.setattr(sqs, "_queues_lock", threading.RLock())
    for owner, names in WRAPPED.items():
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    queue_traffic.install()
    monkeypatch.setattr(sqs, "_dlq_sweep", partial(queue_metrics._sweep, sqs._dlq_sweep))
    with request_scope("333333333333", "us-east-1"):
        yield
        sqs.reset()


def make_queue(name: str, **attributes: str) -> Queue:
    url = sqs._HANDLERS["CreateQueue"]({"QueueName": name, "Attributes": attributes}, "")["QueueUrl"]
    return Queue(url, f"arn:aws:sqs:us-east-1:333333333333:{name}")


def test_each_message_that_is_added_was_sent() -> None:
    queue = make_queue("uploads")
    queue.ask("SendMessage", MessageBody="one")
    queue.ask("SendMessageBatch", Entries=[{"Id": name, "MessageBody": name} for name in ("two", "three")])
    eventbridge._dispatch_to_sqs(parse_arn(queue.arn), "{}")
    with pytest.raises(sqs._Err):
        queue.ask("SendMessage", MessageBody="")
    assert take_counts(queue.arn) == {SENT: 4}
    assert take_counts(queue.arn) == {}


def test_what_a_consumer_receives_and_deletes_is_counted() -> None:
    queue = make_queue("uploads")
    for body in ("one", "two", "three"):
        queue.ask("SendMessage", MessageBody=body)
    first, *others = queue.ask("ReceiveMessage", MaxNumberOfMessages=10)["Messages"]
    queue.ask("ReceiveMessage")
    queue.ask("DeleteMessage", ReceiptHandle=first["ReceiptHandle"])
    handles = [other["ReceiptHandle"] for other in others] + ["wrong"]
    entries = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(handles)]
    queue.ask("DeleteMessageBatch", Entries=entries)
    with pytest.raises(sqs._Err):
        queue.ask("DeleteMessage", ReceiptHandle="wrong")
    assert take_counts(queue.arn) == {SENT: 3, RECEIVED: 3, EMPTY: 1, DELETED: 3}


def test_a_mapping_to_a_function_receives_and_deletes_too() -> None:
    queue = make_queue("uploads")
    queue.ask("SendMessage", MessageBody="one")
    (message,) = sqs._receive_messages_for_esm(queue.url, 10)
    assert sqs._receive_messages_for_esm(queue.url, 10) == []
    sqs._delete_messages_for_esm(queue.url, {message["receipt_handle"], "of another"})
    assert take_counts(queue.arn) == {SENT: 1, RECEIVED: 1, DELETED: 1}


def test_what_is_moved_to_a_dead_letter_queue_was_not_sent_there_and_is_new_there() -> None:
    dead = make_queue("dead-letters")
    policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": "3"}
    queue = make_queue("uploads", RedrivePolicy=json.dumps(policy))
    queue.ask("SendMessage", MessageBody="one")
    sqs._queue_by_arn(queue.arn)["messages"][0]["sent_at"] -= 3600
    for _ in range(3):
        queue.ask("ReceiveMessage", VisibilityTimeout=0)
    queue.ask("ReceiveMessage")
    assert take_counts(queue.arn) == {SENT: 1, RECEIVED: 3, EMPTY: 1}
    assert take_counts(dead.arn) == {}
    (message,) = dead.messages
    measured = queue_metrics.measure(sqs._queue_by_arn(dead.arn), message["moved_at"] + 60)
    assert measured == {"ApproximateNumberOfMessagesVisible": 1, "ApproximateAgeOfOldestMessage": 60}
