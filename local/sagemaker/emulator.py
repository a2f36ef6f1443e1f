"""Where the embedded cloud that this SageMaker belongs to can be reached, and as whom."""

import contextvars
import socket
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region

from local.iam import SECRET_ACCESS_KEY, assume_role


class Place:
    """The one embedded cloud of this process; ``hooks.install`` fills it in."""

    port: int = 0
    home: Path = Path()
    #: Set once the embedded cloud is about to stop.
    closing: threading.Event = threading.Event()


def folder(kind: str) -> Path:
    """Returns the folder of this SageMaker's own files of a kind, made if it is not there."""
    path = Place.home / "sagemaker" / kind
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
    """Waits for what ``start_work`` began, for some seconds each."""
    for thread in threading.enumerate():
        if isinstance(thread, _Work):
            thread.join(seconds)


def wait_until_serving(seconds: float) -> None:
    """Waits until the server takes connections: state is restored before that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", Place.port), 1).close()
            return
        except OSError:
            time.sleep(0.05)


def client(service: str, role_arn: str | None = None) -> Any:
    """Returns a boto3 client of this embedded cloud in the caller's account and region.

    Must be used on a worker thread: the server answers it on the event loop.

    Args:
        service: As boto3 names it.
        role_arn: Role to act as, as AWS does for jobs and endpoints; the account itself when None.
    """
    key, token = get_account_id(), None
    if role_arn is not None:
        key, token = assume_role(role_arn, "SageMaker")
    return _client(service, Place.port, get_region(), key, token)


@lru_cache(maxsize=64)
def _client(service: str, port: int, region: str, key: str, token: str | None) -> Any:
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
