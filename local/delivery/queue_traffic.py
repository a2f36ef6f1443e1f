"""Counts the messages that are sent to each queue, received from it and deleted, whoever does it.

An event source mapping receives and deletes as any consumer does; how often it finds nothing is not counted,
for MiniStack's asks at other moments than AWS's, which waits for messages.
"""

import threading
from collections import Counter, defaultdict
from functools import partial
from typing import Any

from ministack.services import eventbridge, s3, sns, sqs

from local.patching import find_original, wrap

SENT, RECEIVED, DELETED, EMPTY = (
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
)
Document = dict[str, Any]

_lock = threading.Lock()
#: ARN of a queue to what has happened in it since it was told last.
_counts: defaultdict[str, Counter[str]] = defaultdict(Counter)


def install() -> None:
    """Counts where messages come in and go out; what is moved to a dead-letter queue was not sent to it."""
    for used in ("_get_q", "_queue_by_arn"):
        find_original(sqs, used)
    handlers = find_original(sqs, "_HANDLERS")
    # Requests find their handlers by name, and what is inside MiniStack calls the module's functions.
    wrap(sqs, "_act_send_message", _send)
    handlers["SendMessage"] = partial(_send, handlers["SendMessage"])
    handlers["ReceiveMessage"] = partial(_receive, handlers["ReceiveMessage"])
    handlers["DeleteMessage"] = partial(_delete, handlers["DeleteMessage"])
    handlers["DeleteMessageBatch"] = partial(_delete_batch, handlers["DeleteMessageBatch"])
    wrap(sqs, "_receive_messages_for_esm", _receive_for_mapping)
    wrap(sqs, "_delete_messages_for_esm", _delete_for_mapping)
    for owner, name in (
        (eventbridge, "_dispatch_to_sqs"),
        (s3, "_deliver_event_to_sqs"),
        (sns, "_deliver_to_sqs"),
    ):
        wrap(owner, name, _deliver)


def take_counts(arn: str) -> dict[str, int]:
    """Returns what has happened in a queue since this was asked last."""
    with _lock:
        return dict(_counts.pop(arn, {}))


def _count(queue: Document, metric: str, number: int) -> None:
    if number:
        with _lock:
            _counts[queue["attributes"]["QueueArn"]][metric] += number


def _find(request: Document, url: str) -> Document:
    queue: Document = sqs._get_q(request.get("QueueUrl", url))
    return queue


def _send(send: Any, request: Document, url: str) -> Document:
    result: Document = send(request, url)
    _count(_find(request, url), SENT, 1)
    return result


def _deliver(deliver: Any, target: Any, *rest: Any, **named: Any) -> Any:
    """Counts what a service delivers, which says nothing of whether it could."""
    queue = sqs._queue_by_arn(str(target))
    with sqs._queues_lock:
        before = queue["messages"][-1:] if queue else []
        result = deliver(target, *rest, **named)
        after = queue["messages"][-1:] if queue else []
    if queue and after and (not before or after[0] is not before[0]):
        _count(queue, SENT, 1)
    return result


async def _receive(receive: Any, request: Document, url: str) -> Document:
    # First: while it waits for messages the queue may be deleted.
    queue = _find(request, url)
    result: Document = await receive(request, url)
    messages = result.get("Messages", [])
    _count(queue, RECEIVED if messages else EMPTY, len(messages) or 1)
    return result


def _receive_for_mapping(receive: Any, url: str, most: int) -> Any:
    messages = receive(url, most)
    _count(sqs._get_q(url), RECEIVED, len(messages))
    return messages


def _delete(delete: Any, request: Document, url: str) -> Document:
    result: Document = delete(request, url)
    _count(_find(request, url), DELETED, 1)
    return result


def _delete_batch(delete: Any, request: Document, url: str) -> Document:
    result: Document = delete(request, url)
    _count(_find(request, url), DELETED, len(result["Successful"]))
    return result


def _delete_for_mapping(delete: Any, url: str, handles: set[str]) -> None:
    with sqs._queues_lock:
        queue = sqs._get_q(url)
        before = len(queue["messages"])
        delete(url, handles)
        gone = before - len(queue["messages"])
    _count(queue, DELETED, gone)
