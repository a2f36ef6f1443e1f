"""What the page is told while the cloud cannot be reached, and how soon."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from console.server.application import make_application
from console.server.reachability import Reachability
from evaluation.deployment import Deployment
from tests.console.server.page_client import HOST, TOKEN, PageClient

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def away(port: int, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment on an embedded cloud that was ended."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    deployment = Deployment("scones")
    deployment.state_machine = MACHINE
    return deployment


class Unslept:
    """In the place of the clock by which botocore waits between its attempts."""

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"waited for {seconds} s until another attempt")


@pytest.mark.parametrize("path", ["overview", "deployment", "executions", "executions/one", "evaluation"])
def test_an_embedded_cloud_that_is_down_is_said_at_once_with_its_command(
    away: Deployment, port: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", Unslept())
    with asyncio.Runner() as runner:
        page = PageClient(make_application(away, TOKEN, [HOST], asyncio.Event()), runner)
        answer = page.get(f"/api/{path}")
    assert answer.status == 503
    assert answer.json == {
        "error": f"The embedded cloud at 127.0.0.1:{port} is not running. Start it:",
        "command": f"python -m local up --port {port}",
        "passing": True,
    }


def test_the_command_names_the_home_where_it_is_not_the_usual_one(
    away: Deployment, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCONES_LOCAL_HOME", "/tmp/my clouds")
    fault = asyncio.run(Reachability(away).find_fault())
    assert fault is not None
    assert fault["command"] == f"python -m local up --port {port} --home '/tmp/my clouds'"


def test_a_cloud_that_is_there_has_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://localhost:{listener.getsockname()[1]}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        assert asyncio.run(Reachability(Deployment("scones")).find_fault()) is None


def answer_of(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Ask")


@pytest.mark.parametrize(
    ("error", "said", "passing"),
    [
        (
            EndpointConnectionError(endpoint_url="https://states.us-east-1.amazonaws.com"),
            "check the network",
            True,
        ),
        (NoCredentialsError(), "AWS_PROFILE", True),
        (answer_of("ExpiredTokenException", 400), "sign in again", True),
        (answer_of("ThrottlingException", 400), "ThrottlingException", True),
        (answer_of("ServiceUnavailable", 503), "ServiceUnavailable", True),
        (answer_of("AccessDeniedException", 400), "AccessDeniedException", False),
    ],
)
def test_aws_has_other_causes_and_no_command(
    error: Exception, said: str, passing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    reachability = Reachability(Deployment("scones"))
    assert reachability.cloud == "AWS"
    fault: dict[str, Any] = reachability.explain(error)
    assert said in fault["error"]
    assert "command" not in fault
    assert fault.get("passing", False) == passing
