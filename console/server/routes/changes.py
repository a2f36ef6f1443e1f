"""One event stream for a browser: how the executions that it follows go on, whether the cloud is there."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import anyio
from anyio.to_thread import run_sync
from botocore.exceptions import BotoCoreError, ClientError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.executions.history import NoExecution
from console.server.description import Description
from console.server.reachability import Reachability
from console.server.responses import is_set_within, read_json, shorten, stream_events

MOST_FOLLOWED = 5000
MOST_NAME_CHARACTERS = 80
MOST_BYTES = 2**19
HEARTBEAT_SECONDS = 5.0
LOOK_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.2
LAST_PAUSE_SECONDS = 2.0
# AWS lets 10 to 15 DescribeExecution a second through in the long run; its throttling slows these down.
DESCRIBED_AT_ONCE = 4

Event = Mapping[str, Any]


class _Stream:
    """What one browser follows, and what it is yet to be told: of each thing the latest alone."""

    def __init__(self) -> None:
        self.followed: set[str] = set()
        self._untold: dict[str, Event] = {}
        self._woken = asyncio.Event()

    def tell(self, subject: str, event: Event) -> None:
        self._untold[subject] = event
        self.wake()

    def wake(self) -> None:
        self._woken.set()

    async def take(self, seconds: float) -> list[Event]:
        """Waits at most so many seconds for something to tell; returns it."""
        await is_set_within(self._woken, seconds)
        self._woken.clear()
        told, self._untold = list(self._untold.values()), {}
        return told


class Changes:
    """Looks at the cloud, and at what is followed, once for all streams."""

    def __init__(self, description: Description, reachability: Reachability, stop: asyncio.Event) -> None:
        """Makes it for one server, whose ``stop`` ends the streams."""
        self._description = description
        self._reachability = reachability
        self._stop = stop
        self._streams: dict[str, _Stream] = {}
        # The executions that are followed, as they were told last; None before the first time.
        self._followed: dict[str, Event | None] = {}
        self._fault: Event | None = None
        self._looking: asyncio.Task[None] | None = None
        self._following: set[asyncio.Task[None]] = set()
        self._limit = anyio.CapacityLimiter(DESCRIBED_AT_ONCE)

    async def stream(self) -> AsyncGenerator[Event | None, None]:
        """Yields the stream's name with the state of the cloud, and then what changes; None now and then."""
        name, stream = secrets.token_urlsafe(16), _Stream()
        self._streams[name] = stream
        try:
            self._fault = await self._reachability.find_fault()
            yield {"stream": name, "cloud": self._fault}
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            while not self._stop.is_set():
                events = await stream.take(HEARTBEAT_SECONDS)
                for event in events:
                    yield event
                if not events:
                    yield None
        finally:
            del self._streams[name]

    def follow(self, name: str, executions: set[str]) -> None:
        """Has a stream follow these executions and no others.

        Raises:
            KeyError: There is no such stream.
        """
        stream = self._streams[name]
        begun = executions - stream.followed
        stream.followed = executions
        for execution in begun:
            if execution not in self._followed:
                self._followed[execution] = None
                task = asyncio.create_task(self._follow(execution))
                self._following.add(task)
                task.add_done_callback(self._following.discard)
            elif (known := self._followed[execution]) is not None:
                stream.tell(execution, {"execution": known})

    async def _look(self) -> None:
        """Tells whenever the cloud has gone or come, for as long as anybody listens."""
        while self._streams and not await is_set_within(self._stop, LOOK_SECONDS):
            fault = await self._reachability.find_fault()
            if fault != self._fault:
                self._fault = fault
                for stream in self._streams.values():
                    stream.tell("", {"cloud": fault})
        for stream in self._streams.values():
            stream.wake()

    async def _follow(self, name: str) -> None:
        """Tells of an execution whenever it changed, until it has ended or nobody follows it."""
        pause = FIRST_PAUSE_SECONDS
        try:
            while any(name in stream.followed for stream in self._streams.values()):
                try:
                    before = self._followed[name]
                    execution = await run_sync(
                        self._describe, name, before, abandon_on_cancel=True, limiter=self._limit
                    )
                except (BotoCoreError, ClientError) as error:
                    fault = self._reachability.explain(error)
                    if not fault.get("passing"):
                        self._end(name, {"id": name, "status": 502, **fault})
                        return
                    pause = LAST_PAUSE_SECONDS
                except NoExecution as error:
                    self._end(name, {"id": name, "status": 404, "error": shorten(str(error))})
                    return
                except Exception as error:
                    self._end(name, {"id": name, "status": 500, "error": shorten(str(error))})
                    raise
                else:
                    if execution["outcome"] != "running":
                        self._end(name, {"execution": execution})
                        return
                    if execution != before:
                        self._followed[name] = execution
                        self._tell(name, {"execution": execution})
                if await is_set_within(self._stop, pause):
                    return
                pause = min(pause * 1.2, LAST_PAUSE_SECONDS)
        finally:
            del self._followed[name]

    def _describe(self, name: str, before: Event | None) -> Event:
        if before is None:
            return self._description.describe(name)
        return {**before, **self._description.describe_changing(name)}

    def _tell(self, name: str, event: Event) -> None:
        for stream in self._streams.values():
            if name in stream.followed:
                stream.tell(name, event)

    def _end(self, name: str, event: Event) -> None:
        """Tells of an execution for the last time."""
        self._tell(name, event)
        for stream in self._streams.values():
            stream.followed.discard(name)


def make_change_routes(changes: Changes) -> list[Route]:
    """Returns the routes."""

    async def stream(request: Request) -> Response:
        return stream_events(changes.stream())

    async def follow(request: Request) -> Response:
        names = _read_names((await read_json(request, MOST_BYTES)).get("executions"))
        try:
            changes.follow(request.path_params["stream"], names)
        except KeyError:
            raise HTTPException(404, "There is no such stream: open a new one") from None
        return JSONResponse({})

    return [
        Route("/api/changes", stream),
        Route("/api/changes/{stream}", follow, methods=["PUT"]),
    ]


def _read_names(names: Any) -> set[str]:
    if isinstance(names, list) and len(names) <= MOST_FOLLOWED:
        fitting = {name for name in names if isinstance(name, str) and 0 < len(name) <= MOST_NAME_CHARACTERS}
        if len(fitting) == len(names):
            return fitting
    raise HTTPException(400, f"executions is no list of at most {MOST_FOLLOWED} executions' names, each once")
