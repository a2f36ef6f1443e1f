"""Delivers S3's events on a few threads, and lets whoever caused them wait until they are delivered.

MiniStack begins a thread for each, which may be as many as there are uploads, and answers before it has run.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

from ministack.services import s3

from local.patching import find_original, replace

QUEUES = "sqs"
"""The file that holds what events put into queues."""

_threads = ThreadPoolExecutor(4, thread_name_prefix="events")
#: A list, because what handles a request on another thread has a copy of the context, but the same list.
_events: ContextVar[list[Future[None]] | None] = ContextVar("events of the request", default=None)


def install() -> None:
    """Replaces MiniStack's threads."""
    for used in ("_bucket_notifications", "_next_event_sequencer", "_fire_s3_event"):
        find_original(s3, used)
    replace(s3, "_fire_s3_event_async", fire)


def collect() -> list[Future[None]]:
    """Returns a list that grows by each event that this request, or task, causes from now on."""
    events: list[Future[None]] = []
    _events.set(events)
    return events


def fire(bucket: str, key: str, name: str, *details: Any, **named: Any) -> None:
    """Has an event delivered; takes what MiniStack's function of the same place takes."""
    if bucket not in s3._bucket_notifications:
        return
    sequencer = s3._next_event_sequencer(name)
    context = copy_context()
    # By name each time: others complete the events.
    event = _threads.submit(
        context.run, lambda: s3._fire_s3_event(bucket, key, name, *details, sequencer=sequencer, **named)
    )
    events = _events.get()
    if events is not None:
        events.append(event)
