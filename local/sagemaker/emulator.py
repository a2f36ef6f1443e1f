"""The embedded cloud that this SageMaker belongs to: its folders, its threads, and when it stops."""

import contextvars
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.waiting import wait_until


@dataclass(frozen=True)
class Place:
    """The embedded cloud of this process.

    Attributes:
        port: Port of its server on 127.0.0.1.
        home: Folder of its state; this SageMaker's own files go into ``home/sagemaker``.
        closing: Is set once the embedded cloud is about to stop.
    """

    port: int
    home: Path
    closing: threading.Event = field(default_factory=threading.Event)


_place: Place


def install(place: Place) -> None:
    """Makes ``place`` the embedded cloud that the functions below reach."""
    global _place
    _place = place


def is_closing() -> bool:
    """Returns whether the embedded cloud is about to stop."""
    return _place.closing.is_set()


def wait_for_closing(seconds: float) -> bool:
    """Waits for some seconds, or until the embedded cloud is about to stop: then it returns True."""
    return _place.closing.wait(seconds)


def make_folder(kind: str) -> Path:
    """Returns the folder of this SageMaker's own files of a kind, made if it is not there."""
    path = _place.home / "sagemaker" / kind
    path.mkdir(parents=True, exist_ok=True)
    return path


class _Work(threading.Thread):
    """A thread whose work must be finished before the embedded cloud stops."""


def start_thread(
    name: str, target: Callable[..., None], *arguments: Any, kind: type[threading.Thread] = threading.Thread
) -> threading.Thread:
    """Runs ``target`` on a daemon thread that acts for the caller's account and region."""
    context = contextvars.copy_context()
    thread = kind(target=context.run, args=(target, *arguments), name=name, daemon=True)
    thread.start()
    return thread


def start_work(name: str, target: Callable[..., None], *arguments: Any) -> None:
    """Runs ``target`` as ``start_thread`` does; ``finish_work`` waits for it."""
    start_thread(name, target, *arguments, kind=_Work)


def finish_work(seconds: float) -> None:
    """Waits for the threads that ``start_work`` began, for some seconds each."""
    for thread in threading.enumerate():
        if isinstance(thread, _Work):
            thread.join(seconds)


def wait_until_serving(seconds: float) -> None:
    """Waits until the server takes connections: state is restored before that."""

    def is_serving() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", _place.port)) == 0

    wait_until(is_serving, seconds)
