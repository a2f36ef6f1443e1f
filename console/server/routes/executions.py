"""Executions and what became of their photos: lists with filters, and one as it is now."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from console.executions.history import Executions
from console.outcomes.table import Outcomes
from console.photo import download
from console.server.description import Description
from console.server.responses import make_image_route, make_json_route
from console.server.routes.lists import make_list_routes
from evaluation.deployment import Deployment


def make_execution_routes(
    deployment: Deployment, executions: Executions, outcomes: Outcomes, description: Description
) -> list[Route]:
    """Returns the routes."""

    def describe(request: Request) -> dict[str, Any]:
        return description.describe(request.path_params["name"])

    def read_history(request: Request) -> dict[str, Any]:
        return {"events": executions.read_history(request.path_params["name"])}

    def read_photo(request: Request) -> bytes:
        photo = executions.find_photo(request.path_params["name"])
        return download(deployment.client("s3"), photo.bucket, photo.key, version=photo.version or "")

    def read_kept_picture(request: Request) -> bytes:
        return outcomes.read_picture(request.path_params["photo"])

    return [
        *make_list_routes(executions, outcomes),
        make_json_route("/api/executions/{name}", describe),
        make_json_route("/api/executions/{name}/history", read_history),
        make_image_route("/api/executions/{name}/photo", read_photo),
        make_image_route("/api/outcomes/{photo}/picture", read_kept_picture),
    ]
