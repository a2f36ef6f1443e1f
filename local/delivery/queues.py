"""Lets whatever puts messages into a queue or takes them out wait for one another, and has changes saved.

MiniStack's pollers put a new list of messages in the place of the former one, and what came meanwhile from an
event or a task on another thread was gone.
"""

import threading
from functools import partial
from typing import Any

from ministack.services import eventbridge, s3, sns, sqs

from local.patching import find_original, replace, wrap
from local.saving.saver import note_change

PUTTING = {
    eventbridge: ("_dispatch_to_sqs",),
    s3: ("_deliver_event_to_sqs",),
    sns: ("_deliver_to_sqs",),
    sqs: ("_act_send_message", "_delete_messages_for_esm"),
}
"""What changes the messages of a queue whenever it is called, by the module that has it."""
REQUESTS = (
    "SendMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "PurgeQueue",
)
"""Requests that do so too, which MiniStack finds by their names."""
SWEEPING = ("_dlq_sweep", "_expire_retained")
"""What is called with a queue whenever somebody looks into it, and mostly finds nothing to move."""

_lock = threading.RLock()


def install() -> None:
    """Makes each change of a queue wait for the one before it."""
    replace(sqs, "_queues_lock", _lock)
    for owner, names in PUTTING.items():
        for name in names:
            wrap(owner, name, change)
    handlers = find_original(sqs, "_HANDLERS")
    for name in REQUESTS:
        handlers[name] = partial(change, handlers[name])
    for name in SWEEPING:
        wrap(sqs, name, _sweep)
    wrap(sqs, "_collect_msgs", _take)


def change(operate: Any, *arguments: Any, **named: Any) -> Any:
    """Changes a queue while nothing else does; what changed is in a file soon."""
    with _lock:
        result = operate(*arguments, **named)
    note_change("sqs")
    return result


def _sweep(sweep: Any, queue: dict[str, Any]) -> None:
    with _lock:
        before = len(queue["messages"])
        sweep(queue)
        if len(queue["messages"]) != before:
            note_change("sqs")


def _take(take: Any, *arguments: Any) -> Any:
    with _lock:
        taken = take(*arguments)
    if taken:
        note_change("sqs")
    return taken
