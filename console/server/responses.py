"""Makes routes of functions that may block, and responses of pictures, events and errors."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from console.photo import reencode_photo
from evaluation.deployment import NotDeployed

# Starlette calls a handler that is no coroutine in a thread of its own.


def make_json_route(path: str, function: Callable[[Request], Any]) -> Route:
    """Returns a route that answers a function's value; ``missing`` says what is not deployed."""

    def answer(request: Request) -> Response:
        try:
            return JSONResponse(function(request))
        except NotDeployed as error:
            return JSONResponse({"missing": str(error)})

    return Route(path, answer)


def make_image_route(path: str, function: Callable[[Request], bytes]) -> Route:
    """Returns a route that answers the picture that a function returns, encoded anew."""

    def answer(request: Request) -> Response:
        image, media_type = reencode_photo(function(request))
        return Response(image, media_type=media_type)

    return Route(path, answer)


def stream_events(events: AsyncIterator[Mapping[str, Any]]) -> Response:
    """Returns a response of server-sent events."""

    async def encode() -> AsyncIterator[str]:
        async for event in events:
            yield f"data: {json.dumps(event)}\n\n"

    return StreamingResponse(encode(), media_type="text/event-stream")


async def is_set_within(stop: asyncio.Event, seconds: float) -> bool:
    """Waits for an event; returns whether it was set within so many seconds."""
    with anyio.move_on_after(seconds):
        await stop.wait()
    return stop.is_set()


def answer_error(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Returns an exception handler that answers the error's first line with an HTTP status."""

    async def answer(request: Request, error: Exception) -> Response:
        line = (str(error).splitlines() or [""])[0]
        return JSONResponse({"error": line or type(error).__name__}, status)

    return answer


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answers an error that has an HTTP status of its own."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)
