"""Executions and what became of their photos: lists with filters, and one as it goes on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.executions.filter import ExecutionFilter, decode_cursor
from console.executions.history import Executions
from console.outcomes.strands import decode_places
from console.outcomes.table import NO_TABLE, Outcomes
from console.photo import download
from console.reviews.errors import TableBusy
from console.server.aws_console import link_execution
from console.server.responses import is_set_within, make_image_route, make_json_route, stream_events
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import outcomes as outcome_names
from lambdas.workflow.places import identify_photo

FIRST_PAUSE_SECONDS = 0.2
LAST_PAUSE_SECONDS = 2.0
REVIEWED = (outcome_names.ROUTED_BY_REVIEW, outcome_names.DISCARDED)


def make_execution_routes(
    deployment: Deployment, executions: Executions, outcomes: Outcomes, stop: asyncio.Event
) -> list[Route]:
    """Returns the routes; ``stop`` ends the streams."""

    def list_executions(request: Request) -> dict[str, Any]:
        query = request.query_params
        try:
            wanted = ExecutionFilter.from_query(query)
            advice = None
            if wanted.asks_for_outcomes:
                try:
                    page = outcomes.list_page(wanted, decode_places(query.get("cursor")))
                except NotDeployed:
                    if wanted.outcome in REVIEWED:
                        raise NotDeployed(NO_TABLE) from None
                    advice = NO_TABLE
                else:
                    return {"source": "table", **page}
            page = executions.list_page(wanted, decode_cursor(query.get("cursor")))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return {"source": "executions", "advice": advice, **page}

    def find_kept(execution: Mapping[str, Any]) -> dict[str, Any] | None:
        """Returns what the table keeps of an execution's photo; None if there is nothing, or no table."""
        with suppress(NotDeployed):
            for photo in name_photos(execution):
                if kept := outcomes.find(photo):
                    return kept
        return None

    def describe_changing(name: str) -> dict[str, Any]:
        execution = executions.describe(name)
        try:
            kept = None if execution["outcome"] == "running" else find_kept(execution)
        except TableBusy as error:
            kept = {"fault": str(error)}
        return {**execution, "kept": kept}

    def describe(request: Request) -> dict[str, Any]:
        name = request.path_params["name"]
        return {
            **describe_changing(name),
            "graph": executions.read_graph(name),
            "link": link_execution(deployment, name),
        }

    def read_photo(request: Request) -> bytes:
        photo = executions.find_photo(request.path_params["name"])
        return download(deployment.client("s3"), photo.bucket, photo.key, version=photo.version or "")

    async def stream(request: Request) -> Response:
        # Described before the stream begins, so that an execution that is not there is a plain 404.
        return stream_events(follow(await run_in_threadpool(describe, request), request.path_params["name"]))

    async def follow(whole: dict[str, Any], name: str) -> AsyncIterator[Mapping[str, Any]]:
        yield whole
        pause = FIRST_PAUSE_SECONDS
        while whole["outcome"] == "running" and not await is_set_within(stop, pause):
            pause = min(pause * 1.2, LAST_PAUSE_SECONDS)
            before, whole = whole, whole | await run_in_threadpool(describe_changing, name)
            if whole != before:
                yield whole

    def read_kept_picture(request: Request) -> bytes:
        return outcomes.read_picture(request.path_params["photo"])

    return [
        make_json_route("/api/executions", list_executions),
        make_json_route("/api/executions/{name}", describe),
        Route("/api/executions/{name}/events", stream),
        make_image_route("/api/executions/{name}/photo", read_photo),
        make_image_route("/api/outcomes/{photo}/picture", read_kept_picture),
    ]


def name_photos(execution: Mapping[str, Any]) -> list[str]:
    """Returns the ids under which the table may keep the photo of an execution, the likeliest first.

    Args:
        execution: What ``Executions.describe`` returns.
    """
    # An upload's execution has the photo's id for its name; the input, or what serialize has read, tells of
    # any other. A photo of no version is kept under its execution.
    names = [execution["id"]]
    documents = [execution["input"], *(state["output"] for state in execution["states"])]
    for fields in documents:
        located = (
            [fields.get(name) for name in ("s3_bucket", "s3_key", "s3_version")]
            if isinstance(fields, dict)
            else [None]
        )
        if all(isinstance(value, str) and value for value in located):
            return [*names, identify_photo(*located)]
    return names
