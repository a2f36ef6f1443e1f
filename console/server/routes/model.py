"""What is deployed and in service: overview, evaluation and training of the model."""

import math
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from console.executions.history import Executions
from console.model_in_service import describe_training, read_evaluation
from console.models.listing import describe_versions, tell_kept_version
from console.server.aws_console import link_deployment
from console.server.overview import (
    Overview,
    describe_deployment,
    read_threshold,
)
from console.server.recommended_threshold import count_more_routed, make_command
from console.server.responses import make_json_route
from evaluation.deployment import Deployment


def make_model_routes(deployment: Deployment, executions: Executions) -> list[Route]:
    """Returns the routes."""
    overview = Overview(deployment, executions)

    def show_overview(request: Request) -> dict[str, Any]:
        return overview.describe(read_midnight(request.query_params.get("midnight")))

    def show_evaluation(_: Request) -> dict[str, Any]:
        report = read_evaluation(deployment, deployment.find_endpoint(), "test", "validation")
        recommended = report["recommendation"]["threshold"]
        command = make_command(deployment.name, recommended, link_deployment(deployment) is None)
        in_service = read_threshold(deployment)
        return report | {"command": command, "more_routed": count_more_routed(report, in_service)}

    def show_versions(_: Request) -> dict[str, Any]:
        return {"versions": describe_versions(deployment), "kept": tell_kept_version(deployment)}

    return [
        make_json_route("/api/overview", show_overview),
        # Unlike the overview it asks neither SageMaker nor Step Functions.
        make_json_route("/api/deployment", lambda _: describe_deployment(deployment)),
        make_json_route("/api/evaluation", show_evaluation),
        make_json_route("/api/training", lambda _: describe_training(deployment)),
        make_json_route("/api/versions", show_versions),
    ]


def read_midnight(text: str | None) -> float | None:
    """Returns when the reader's day began, in Unix seconds; None if the request does not say.

    Raises:
        HTTPException: It is no time.
    """
    if not text:
        return None
    try:
        midnight = float(text)
    except ValueError:
        midnight = math.nan
    if not math.isfinite(midnight):
        raise HTTPException(400, f"“{text[:40]}” is no time")
    return midnight
