"""What is deployed and in service: overview, evaluation and training of the model."""

from starlette.routing import Route

from console.executions.history import Executions
from console.model_in_service import describe_training, read_evaluation
from console.outcomes.table import Outcomes
from console.server.overview import describe_deployment, describe_overview
from console.server.responses import make_json_route
from evaluation.deployment import Deployment


def make_model_routes(deployment: Deployment, executions: Executions, outcomes: Outcomes) -> list[Route]:
    """Returns the routes."""
    return [
        make_json_route("/api/overview", lambda _: describe_overview(deployment, executions, outcomes)),
        # Unlike the overview it asks neither SageMaker nor Step Functions.
        make_json_route("/api/deployment", lambda _: describe_deployment(deployment)),
        make_json_route(
            "/api/evaluation",
            lambda _: read_evaluation(deployment, deployment.find_endpoint(), "test", "validation"),
        ),
        make_json_route("/api/training", lambda _: describe_training(deployment)),
    ]
