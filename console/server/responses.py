"""Makes routes of functions that may block, reads bodies, and answers pictures, events and errors."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from console.photo import reencode_photo
from evaluation.deployment import NotDeployed

BODY_SECONDS = 60.0
LONGEST_WORD = 120
"""Of an error's text: an ARN is shorter, but not every key of S3 that was asked for."""
LONGEST_LINE = 600

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
    """Returns a route that answers the picture that a function returns, anew; ``?large`` for a screen."""

    def answer(request: Request) -> Response:
        image, media_type = reencode_photo(function(request), large="large" in request.query_params)
        return Response(image, media_type=media_type)

    return Route(path, answer)


async def read_json(request: Request, most_bytes: int) -> dict[str, Any]:
    """Reads the JSON object that a request brings.

    Raises:
        HTTPException: It is none, is larger, or has not arrived within a minute.
    """
    content = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                content += chunk
                if len(content) > most_bytes:
                    raise HTTPException(413, f"A body of more than {most_bytes:,} bytes")
    except TimeoutError:
        raise HTTPException(408, "The body did not arrive within a minute") from None
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"The body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "The body is no JSON object")
    return body


def stream_events(events: AsyncIterator[Mapping[str, Any] | None]) -> Response:
    """Returns a response of server-sent events; None becomes a comment, which keeps the connection alive."""

    async def encode() -> AsyncIterator[str]:
        async for event in events:
            yield ": \n\n" if event is None else f"data: {json.dumps(event)}\n\n"

    return StreamingResponse(encode(), media_type="text/event-stream")


async def is_set_within(stop: asyncio.Event, seconds: float) -> bool:
    """Waits for an event; returns whether it was set within so many seconds."""
    with anyio.move_on_after(seconds):
        await stop.wait()
    return stop.is_set()


def shorten(text: str) -> str:
    """Returns the first line of an error's text, without most of what an asker may have made endless."""
    line = (text.splitlines() or [""])[0]
    line = re.sub(rf"\S{{{LONGEST_WORD + 1},}}", lambda word: f"{word[0][:LONGEST_WORD]}…", line)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def answer_error(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Returns an exception handler that answers the error's first line with an HTTP status."""

    async def answer(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": shorten(str(error)) or type(error).__name__}, status)

    return answer


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answers an error that has an HTTP status of its own; JSON is for the API alone."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/api/"):
        return Response(error.detail, error.status_code, error.headers, "text/plain")
    return JSONResponse({"error": shorten(error.detail)}, error.status_code, error.headers)
