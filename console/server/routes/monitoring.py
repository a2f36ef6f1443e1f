"""What watches the deployment: its dashboard, its drift reports, and the documents that say what to do."""

from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from console.monitoring.dashboard import RANGES, read_dashboard
from console.monitoring.drift import DriftReports
from console.server.responses import make_json_route
from evaluation.deployment import Deployment

REPOSITORY = Path(__file__).resolve().parents[3]
DOCUMENTS = {
    path.stem: path for path in (*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "README.md")
}
"""The project's documents by the names under which the page shows them."""


def make_monitoring_routes(deployment: Deployment) -> list[Route]:
    """Returns the routes."""
    drift = DriftReports(deployment)

    def show_dashboard(request: Request) -> dict[str, Any]:
        chosen = request.query_params.get("range")
        if chosen is not None and chosen not in RANGES:
            raise HTTPException(400, f"range is expected to be one of {', '.join(RANGES)}")
        return read_dashboard(deployment, chosen)

    def show_document(request: Request) -> dict[str, Any]:
        path = DOCUMENTS.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404, f"There is no such document: there are {', '.join(DOCUMENTS)}")
        return {"text": path.read_text(encoding="utf-8")}

    return [
        make_json_route("/api/dashboard", show_dashboard),
        make_json_route("/api/drift", lambda _: drift.describe()),
        make_json_route("/api/documents/{name}", show_document),
    ]
