"""Starts executions from the page: a new one, one again, and one on from where it failed."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.executions.history import Executions
from console.executions.starting import NotRedrivable, redrive, start_anew, start_on_event
from console.server.responses import read_json
from evaluation.deployment import Deployment
from lambdas.workflow.errors import InvalidEvent

# Step Functions takes no larger input; what is around it here takes little.
MOST_BYTES = 262_144


def make_start_routes(deployment: Deployment, executions: Executions) -> list[Route]:
    """Returns the routes; each answers with the id of the execution that then runs."""

    async def start(request: Request) -> Response:
        body = await read_json(request, MOST_BYTES)
        if body.keys() != {"input"}:
            raise HTTPException(400, 'The body is not {"input": EVENT}')
        try:
            arn = await run_in_threadpool(start_on_event, deployment, body["input"])
        except InvalidEvent as error:
            raise HTTPException(400, str(error)) from None
        return _answer_started(arn)

    def start_again(request: Request) -> Response:
        return _answer_started(start_anew(deployment, executions.find(request.path_params["name"])["input"]))

    def go_on(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            redrive(deployment, executions.find(name)["executionArn"])
        except NotRedrivable as error:
            raise HTTPException(409, str(error)) from None
        return JSONResponse({"id": name})

    def make_route(path: str, function: Callable[[Request], Any]) -> Route:
        return Route(path, function, methods=["POST"])

    return [
        make_route("/api/executions", start),
        make_route("/api/executions/{name}/again", start_again),
        make_route("/api/executions/{name}/redrive", go_on),
    ]


def _answer_started(arn: str) -> Response:
    return JSONResponse({"id": arn.rpartition(":")[2], "arn": arn}, 201)
