"""Reaches the embedded cloud that this SageMaker belongs to: its folders and its other services."""

import contextvars
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region

from local.iam import SECRET_ACCESS_KEY, assume_role
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


def make_client(service: str, role_arn: str | None = None) -> Any:
    """Returns a boto3 client of this embedded cloud in the caller's account and region.

    Must be used on a worker thread: the server answers it on the event loop.

    Args:
        service: Service as boto3 names it.
        role_arn: Role to act as, as AWS does for jobs and endpoints; the account itself when None.
    """
    key, token = get_account_id(), None
    if role_arn is not None:
        key, token = assume_role(role_arn, "SageMaker")
    return _make_client(service, _place.port, get_region(), key, token)


@lru_cache(maxsize=64)
def _make_client(service: str, port: int, region: str, key: str, token: str | None) -> Any:
    session: Any = boto3.Session(
        aws_access_key_id=key,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        aws_session_token=token,
        region_name=region,
    )
    settings = Config(
        s3={"addressing_style": "path"},
        max_pool_connections=16,
        retries={"max_attempts": 2, "mode": "standard"},
        proxies={},
    )
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}", config=settings)
