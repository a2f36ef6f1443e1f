"""Executions: lists them with filters, describes one, and streams its changes until it has ended."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.executions.filter import ExecutionFilter, decode_cursor
from console.executions.history import Executions
from console.photo import download
from console.server.aws_console import link_execution
from console.server.responses import is_set_within, make_image_route, make_json_route, stream_events
from evaluation.deployment import Deployment

FIRST_PAUSE_SECONDS = 0.2
LAST_PAUSE_SECONDS = 2.0


def make_execution_routes(deployment: Deployment, executions: Executions, stop: asyncio.Event) -> list[Route]:
    """Returns the routes; ``stop`` ends the streams."""

    def list_executions(request: Request) -> dict[str, Any]:
        query = request.query_params
        try:
            wanted, place = ExecutionFilter.from_query(query), decode_cursor(query.get("cursor"))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return executions.list_page(wanted, place)

    def describe(request: Request) -> dict[str, Any]:
        name = request.path_params["name"]
        return {
            **executions.describe(name),
            "graph": executions.read_graph(name),
            "link": link_execution(deployment, name),
        }

    def read_photo(request: Request) -> bytes:
        photo = executions.find_photo(request.path_params["name"])
        return download(deployment.client("s3"), photo.bucket, photo.key)

    async def stream(request: Request) -> Response:
        # Described before the stream begins, so that an execution that is not there is a plain 404.
        return stream_events(follow(await run_in_threadpool(describe, request), request.path_params["name"]))

    async def follow(whole: dict[str, Any], name: str) -> AsyncIterator[Mapping[str, Any]]:
        yield whole
        pause = FIRST_PAUSE_SECONDS
        while whole["outcome"] == "running" and not await is_set_within(stop, pause):
            pause = min(pause * 1.2, LAST_PAUSE_SECONDS)
            before, whole = whole, whole | await run_in_threadpool(executions.describe, name)
            if whole != before:
                yield whole

    return [
        make_json_route("/api/executions", list_executions),
        make_json_route("/api/executions/{name}", describe),
        Route("/api/executions/{name}/events", stream),
        make_image_route("/api/executions/{name}/photo", read_photo),
    ]
