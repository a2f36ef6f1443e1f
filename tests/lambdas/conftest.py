"""What the tests of the functions share; the functions are imported as in Lambda, their environment set."""

import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import moto
import pytest

from tests.lambdas.samples import BUCKET

ENVIRONMENT = {
    "CLASSES": "bicycle,motorcycle",
    "CONFIDENCE_THRESHOLD": "0.8",
    "THRESHOLD_SOURCE": "set by confidence_threshold",
    "ENDPOINT_NAME": "scones",
    "ENDPOINT_SWITCH": "/scones/endpoint-switch",
    "POWERTOOLS_SERVICE_NAME": "scones",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}

with pytest.MonkeyPatch.context() as patch:
    for variable, value in ENVIRONMENT.items():
        patch.setenv(variable, value)
    from lambdas import classify, filter, serialize  # noqa: F401


@pytest.fixture
def context() -> SimpleNamespace:
    """What Lambda passes beside the event, as far as it is used."""
    return SimpleNamespace(function_name="scones-function", aws_request_id="5c3a")


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A bucket on moto, empty."""
    with moto.mock_aws():
        made = boto3.resource("s3").Bucket(BUCKET)
        made.create()
        yield made


@pytest.fixture
def broken_server() -> Iterator[Callable[[bytes], str]]:
    """Starts a server that answers whatever is asked with the given bytes and hangs up; returns its URL."""
    listeners = []

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def unreachable() -> str:
    """Address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
