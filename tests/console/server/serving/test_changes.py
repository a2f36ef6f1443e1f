"""The one stream of a browser: what it follows is told as it changes, and whether the cloud is there."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from console.executions.history import NoExecution
from console.server.routes import changes as changes_module
from console.server.routes.changes import MOST_FOLLOWED, Changes
from tests.console.server.page_client import PageClient

PATIENCE_SECONDS = 10


class Cloud:
    """Describes executions by a script, and is there or not."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[str]] = {}
        self.described: list[str] = []
        self.fault: dict[str, Any] | None = None
        self.failing: dict[str, Exception] = {}

    def describe(self, name: str) -> dict[str, Any]:
        return {**self.describe_changing(name), "graph": "the graph"}

    def describe_changing(self, name: str) -> dict[str, Any]:
        self.described.append(name)
        if name in self.failing:
            raise self.failing[name]
        if name not in self.outcomes:
            raise NoExecution(f"No execution {name}")
        left = self.outcomes[name]
        return {"id": name, "outcome": left.pop(0) if len(left) > 1 else left[0], "left": len(left)}

    async def find_fault(self) -> dict[str, Any] | None:
        return self.fault

    def explain(self, error: Exception) -> dict[str, Any]:
        return {"error": str(error), "passing": isinstance(error, EndpointConnectionError)}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setattr(changes_module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(changes_module, "LAST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(changes_module, "LOOK_SECONDS", 0.01)
    return Cloud()


def run(cloud: Cloud, test: Callable[[Changes], Awaitable[None]]) -> None:
    """Runs a test on a server's changes, whose stop is set at its end."""

    async def within() -> None:
        stop = asyncio.Event()
        given: Any = cloud
        changes = Changes(given, given, stop)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await test(changes)
        stop.set()

    asyncio.run(within())


@asynccontextmanager
async def listen(changes: Changes) -> AsyncIterator[tuple[str, AsyncIterator[Any]]]:
    """Opens a stream while the cloud is there; yields its name and what follows."""
    stream = changes.stream()
    first = await anext(stream)
    assert first
    assert first["cloud"] is None
    yield first["stream"], stream
    await stream.aclose()


async def read_until(
    stream: AsyncIterator[Any], told: Callable[[dict[str, Any]], bool]
) -> list[dict[str, Any]]:
    """Returns the events up to the first that ``told`` accepts."""
    events = []
    async for event in stream:
        if event is not None:
            events.append(event)
            if told(event):
                break
    return events


def is_end(event: dict[str, Any]) -> bool:
    return event.get("execution", {}).get("outcome", "running") != "running"


def test_an_execution_is_told_at_each_change_and_once_when_it_has_ended(cloud: Cloud) -> None:
    cloud.outcomes["one"] = ["running", "running", "routed"]

    async def follow(changes: Changes) -> None:
        async with listen(changes) as (name, stream):
            changes.follow(name, {"one"})
            events = await read_until(stream, is_end)
            assert all(event["execution"]["graph"] == "the graph" for event in events)
            described = len(cloud.described)
            # Whoever asks again for what has ended, as a second tab does, is told again.
            changes.follow(name, {"one"})
            (event,) = await read_until(stream, is_end)
            assert event["execution"]["outcome"] == "routed"
            await asyncio.sleep(0.1)
            assert len(cloud.described) == described + 1

    run(cloud, follow)


def test_what_many_browsers_follow_is_asked_for_once(cloud: Cloud) -> None:
    cloud.outcomes["one"] = ["running"]

    async def follow(changes: Changes) -> None:
        async with listen(changes) as (one, first), listen(changes) as (name, second):
            changes.follow(one, {"one"})
            await read_until(first, lambda event: "execution" in event)
            described = len(cloud.described)
            changes.follow(name, {"one"})
            (event,) = await read_until(second, lambda event: "execution" in event)
            assert event["execution"]["outcome"] == "running"
            assert len(cloud.described) <= described + 1
            assert len(changes._following) == 1

    run(cloud, follow)


def test_what_nobody_follows_any_more_is_not_asked_for(cloud: Cloud) -> None:
    cloud.outcomes = {"one": ["running"], "two": ["running"]}

    async def follow(changes: Changes) -> None:
        async with listen(changes) as (name, stream):
            changes.follow(name, {"one", "two"})
            await read_until(stream, lambda event: event.get("execution", {}).get("id") == "two")
            changes.follow(name, {"two"})
            await asyncio.sleep(0.2)
            cloud.described.clear()
            await asyncio.sleep(0.2)
            assert set(cloud.described) == {"two"}
        await asyncio.sleep(0.2)
        cloud.described.clear()
        await asyncio.sleep(0.2)
        assert cloud.described == []
        assert not changes._streams

    run(cloud, follow)


def test_an_unknown_execution_and_one_that_is_forbidden_are_told_as_errors(cloud: Cloud) -> None:
    cloud.failing["secret"] = ValueError("not yours")

    async def follow(changes: Changes) -> None:
        async with listen(changes) as (name, stream):
            changes.follow(name, {"nope", "secret"})
            events = [
                (await read_until(stream, lambda event: "error" in event))[-1],
                (await read_until(stream, lambda event: "error" in event))[-1],
            ]
            assert {event["id"]: event["status"] for event in events} == {"nope": 404, "secret": 500}

    run(cloud, follow)


def test_while_the_cloud_is_away_that_is_told_and_what_is_followed_goes_on_afterwards(cloud: Cloud) -> None:
    cloud.outcomes["one"] = ["routed"]
    away = {"error": "The cloud is not running", "command": "start it", "passing": True}

    async def follow(changes: Changes) -> None:
        async with listen(changes) as (name, stream):
            cloud.fault = away
            cloud.failing["one"] = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
            changes.follow(name, {"one"})
            assert await read_until(stream, lambda event: "cloud" in event) == [{"cloud": away}]
            cloud.fault = None
            del cloud.failing["one"]
            events = await read_until(stream, is_end)
            assert {"cloud": None} in events

    run(cloud, follow)


def test_a_stream_of_which_nothing_is_told_beats(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "HEARTBEAT_SECONDS", 0.01)

    async def wait(changes: Changes) -> None:
        async with listen(changes) as (_, stream):
            assert await anext(stream) is None

    run(cloud, wait)


@pytest.mark.parametrize(
    "names",
    [None, "one", [1], [""], ["x" * 81], ["x", "x"], [str(number) for number in range(MOST_FOLLOWED + 1)]],
)
def test_what_is_followed_is_a_list_of_names(page: PageClient, names: object) -> None:
    body = json.dumps({"executions": names}).encode()
    answer = page.ask("PUT", "/api/changes/some", None, body)
    assert answer.status == 400
    assert "names" in answer.json["error"]


def test_a_stream_that_is_gone_is_a_404_so_that_the_browser_opens_a_new_one(page: PageClient) -> None:
    answer = page.ask("PUT", "/api/changes/gone", None, b'{"executions": ["one"]}')
    assert answer.status == 404
