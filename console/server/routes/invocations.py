"""Invocations: reads what is new, answers them as columns, shows the picture of one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.model_in_service import read_evaluation
from console.server.overview import read_threshold
from console.server.responses import is_set_within, make_image_route, stream_events
from console.traffic.columns import encode_columns
from console.traffic.source import InvocationSource
from console.traffic.traffic import Traffic
from evaluation.deployment import Deployment, Endpoint, NotDeployed

PAUSE_SECONDS = 0.2


def make_invocation_routes(deployment: Deployment, traffic: Traffic, stop: asyncio.Event) -> list[Route]:
    """Returns the routes; ``stop`` ends the streams.

    Each request asks anew what is in service, so that no tab of a browser changes what another one sees.
    """

    def find_endpoint() -> Endpoint | None:
        with suppress(NotDeployed):
            return deployment.find_endpoint()
        return None

    def read_baseline(endpoint: Endpoint | None) -> dict[str, Any] | None:
        """Returns the confidences that the model had when it was evaluated, and the split of that."""
        if endpoint is None:
            return None
        with suppress(NotDeployed):
            report = read_evaluation(deployment, endpoint, "validation", "test")
            confidences = [max(answer["probabilities"]) for answer in report["answers"]]
            return {"split": report["split"], "confidences": confidences}
        return None

    def answer_columns(request: Request) -> Response:
        endpoint = find_endpoint()
        source = traffic.choose_source(endpoint)
        header = {
            "classes": source.classes,
            "progress": asdict(source.progress),
            "threshold": read_threshold(deployment),
            "baseline": read_baseline(endpoint),
        }
        content = encode_columns(source.collect_rows(), header, source.first_number)
        return Response(content, media_type="application/octet-stream")

    async def stream(request: Request) -> Response:
        source = traffic.choose_source(await run_in_threadpool(find_endpoint))
        source.start_reading()
        return stream_events(follow(source))

    async def follow(source: InvocationSource) -> AsyncIterator[Mapping[str, Any]]:
        while not source.progress.done:
            yield asdict(source.progress)
            if await is_set_within(stop, PAUSE_SECONDS):
                return
        yield asdict(source.progress)

    return [
        Route("/api/invocations", answer_columns),
        Route("/api/invocations/events", stream),
        make_image_route(
            "/api/invocations/{number:int}/photo",
            lambda request: traffic.read_picture(request.path_params["number"]),
        ),
    ]
