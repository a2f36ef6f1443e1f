"""Invocations: reads what is new, answers them as columns, tells the picture and the origin of one."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.model_in_service import read_evaluation
from console.server.overview import read_threshold
from console.server.recommended_threshold import read_confidences
from console.server.responses import make_image_route, make_json_route
from console.traffic.columns import encode_columns
from console.traffic.source import InvocationSource
from console.traffic.traffic import Traffic
from evaluation.deployment import Deployment, Endpoint, NotDeployed
from lambdas.workflow.places import parameter

# So long an answer waits for a reading's end: who asks again at once is told soon, and not too often.
WAIT_SECONDS = 0.2
MOST_ASKED_FOR = 50
CONCURRENT_REQUESTS = 4
CHANGING = ("endpoint-config", "threshold")
"""Parameters that a deploy writes once what they say is in service."""


def make_invocation_routes(deployment: Deployment, traffic: Traffic) -> list[Route]:
    """Returns the routes.

    Each request says which source it looks at, so that no tab of a browser changes what another one sees.
    """

    def find_endpoint() -> Endpoint | None:
        with suppress(NotDeployed):
            return deployment.find_endpoint()
        return None

    def find_source(name: str) -> InvocationSource:
        if source := traffic.find_source(name):
            return source
        raise HTTPException(404, "There is no such source of invocations")

    def tell(source: InvocationSource, **more: Any) -> Response:
        source.wait(WAIT_SECONDS)
        return JSONResponse({"source": source.name, **asdict(source.progress), **more})

    def begin_reading(request: Request) -> Response:
        endpoint = find_endpoint()
        source = traffic.choose_source(endpoint)
        source.start_reading()
        return tell(source, in_service=describe_service(endpoint, read_threshold(deployment)))

    def follow_reading(request: Request) -> Response:
        return tell(find_source(request.path_params["source"]))

    def answer_columns(request: Request) -> Response:
        """Answers all invocations of a source, or those that the page has not: it says how many it has."""
        source = find_source(request.path_params["source"])
        reading = source.collect()
        query = request.query_params
        known = query.get("known", "")
        same = query.get("generation") == str(reading.generation) and known.isdecimal()
        first = min(int(known[:9]), len(reading.rows)) if same else 0
        with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
            threshold = pool.submit(read_threshold, deployment)
            changes = pool.submit(list_changes, deployment)
            endpoint = find_endpoint()
            measured = describe_measurements(deployment, endpoint)
        header = {
            "generation": reading.generation,
            "first": first,
            "classes": reading.classes,
            "other_class": reading.other_class,
            "in_service": describe_service(endpoint, threshold.result()),
            "changes": changes.result(),
            **measured,
        }
        content = encode_columns(reading.rows[first:], header, source.first_number + first)
        return Response(content, media_type="application/octet-stream")

    def find_origins(request: Request) -> dict[str, Any]:
        numbers = request.query_params.getlist("number")
        if len(numbers) > MOST_ASKED_FOR or not all(n.isdecimal() and len(n) < 11 for n in numbers):
            raise HTTPException(400, f"number is expected to be a number, {MOST_ASKED_FOR} times at most")
        with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
            found = pool.map(traffic.find_origin, map(int, numbers))
            return dict(zip(numbers, map(asdict, found), strict=True))

    return [
        Route("/api/invocations", begin_reading, methods=["POST"]),
        make_json_route("/api/invocations/origins", find_origins),
        Route("/api/invocations/{source}/progress", follow_reading),
        Route("/api/invocations/{source}/columns", answer_columns),
        make_image_route(
            "/api/invocations/{number:int}/photo",
            lambda request: traffic.read_picture(request.path_params["number"]),
        ),
    ]


def describe_service(endpoint: Endpoint | None, threshold: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns what is in service: ``threshold`` and ``model``, each None if there is none."""
    return {
        "threshold": threshold["value"] if threshold else None,
        "model": endpoint.model if endpoint else None,
    }


def describe_measurements(deployment: Deployment, endpoint: Endpoint | None) -> dict[str, Any]:
    """Returns what evaluations of the model in service say, None where there is none.

    Returns:
        ``baseline``: the confidences that it had then, and on which ``split``; ``recommended``: the threshold
        that the Model view recommends.
    """
    found: dict[str, Any] = {"baseline": None, "recommended": None}
    if endpoint is not None:
        with suppress(NotDeployed):
            report = read_evaluation(deployment, endpoint, "validation", "test")
            # What any threshold refuses, which has none, is no part of what the page compares either.
            confidences = [confidence for confidence in read_confidences(report) if confidence > 0]
            found["baseline"] = {"split": report["split"], "confidences": confidences}
            report = read_evaluation(deployment, endpoint, "test", "validation")
            found["recommended"] = report["recommendation"]["threshold"]
    return found


def list_changes(deployment: Deployment) -> list[dict[str, Any]]:
    """Returns when another endpoint or threshold came into service, the earliest first.

    Returns:
        Of each change ``time``, ``what`` (one of CHANGING), and ``value``, which only a threshold has.
        Parameter Store keeps the last hundred versions of each.
    """
    ssm = deployment.client("ssm")
    changes = []
    for which in CHANGING:
        # Whoever may not see it sees all the rest.
        with suppress(ClientError):
            name = parameter(deployment.name, which)
            pages = ssm.get_paginator("get_parameter_history").paginate(Name=name)
            for version in (version for page in pages for version in page["Parameters"]):
                value = json.loads(version["Value"])["value"] if which == "threshold" else None
                time = version["LastModifiedDate"].timestamp()
                changes.append({"time": time, "what": which, "value": value})
    return sorted(changes, key=lambda change: change["time"])
