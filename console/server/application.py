"""Composes the page's server: page, static files, routes of the API, and the status of each error."""

import asyncio
import html
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from console.batches.runs import NoBatch
from console.executions.history import Executions, NoExecution
from console.outcomes.table import Outcomes
from console.photo import NoPhoto
from console.reviews.errors import (
    AlreadyTold,
    JudgedMeanwhile,
    MalformedOutcome,
    TableBusy,
    UnknownClass,
    UnknownPhoto,
)
from console.server.description import Description
from console.server.guard import Guard
from console.server.reachability import Reachability
from console.server.responses import answer_error, answer_http_error
from console.server.routes.batches import make_batch_routes
from console.server.routes.changes import Changes, make_change_routes
from console.server.routes.executions import make_execution_routes
from console.server.routes.invocations import make_invocation_routes
from console.server.routes.model import make_model_routes
from console.server.routes.monitoring import make_monitoring_routes
from console.server.routes.photos import make_photo_routes
from console.server.routes.reviews import make_review_routes
from console.server.routes.starts import make_start_routes
from console.server.telling import BackgroundTeller
from console.traffic.traffic import Traffic
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow.errors import ImageTooLarge, InvalidImage

PAGE = Path(__file__).resolve().parents[1] / "page"
LIBRARIES = Path(__file__).resolve().parents[2] / "node_modules"
TOKEN_PLACE = "SESSION_TOKEN"  # noqa: S105 - where in the page it goes, not the token
CLOUD_PLACE = "CLOUD_NAME"
DEPLOYMENT_PLACE = "DEPLOYMENT"
VIEWS = (
    *("overview", "try", "review", "executions", "new-execution"),
    *("batches", "dashboard", "confidence", "model"),
)
"""The page's views, which somebody may type as paths."""
# Pictures and columns of numbers hardly become smaller.
NOT_COMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")


def make_application(
    deployment: Deployment, token: str, hosts: Sequence[str], stop: asyncio.Event
) -> Starlette:
    """Returns the application.

    Args:
        deployment: What it shows.
        token: The session's token, which the page carries and every call of the API must.
        hosts: Every ``name:port`` that it answers to.
        stop: Ends the event streams, which would go on for as long as somebody listens.

    Raises:
        NotDeployed: There is no state machine.
    """
    executions = Executions(deployment)
    outcomes = Outcomes(deployment)
    description = Description(deployment, executions, outcomes)
    traffic = Traffic(deployment, executions)
    teller = BackgroundTeller(deployment)
    reachability = Reachability(deployment)
    changes = Changes(description, reachability, stop)
    charts = StaticFiles(directory=LIBRARIES / "echarts/dist")

    def show_page(request: Request) -> HTMLResponse:
        text = (PAGE / "index.html").read_text(encoding="utf-8")
        # A page goes on with another start of the server only where it would be the same one.
        newest = max(path.stat().st_mtime_ns for path in PAGE.rglob("*"))
        told = {
            TOKEN_PLACE: token,
            CLOUD_PLACE: reachability.cloud,
            DEPLOYMENT_PLACE: f"{deployment.state_machine} {newest}",
        }
        for place, words in told.items():
            text = text.replace(place, html.escape(words))
        return HTMLResponse(text)

    def show_view(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/#{quote(request.url.path)}", 302)

    async def answer_charts(request: Request) -> Response:
        return await charts.get_response("echarts.min.js", request.scope)

    async def answer_cloud_fault(request: Request, error: Exception) -> Response:
        fault = reachability.explain(error)
        return JSONResponse(fault, 503 if fault.get("passing") else 502)

    @asynccontextmanager
    async def run_teller_and_close(application: Starlette) -> AsyncIterator[None]:
        teller.start()
        yield
        teller.close()
        traffic.close()
        executions.close()

    return Starlette(
        routes=[
            Route("/", show_page),
            *(Route(f"/{view}", show_view) for view in VIEWS),
            Route("/executions/{name}", show_view),
            Route("/batches/{batch}", show_view),
            Route("/static/echarts.min.js", answer_charts),
            Mount("/static/lit-html", StaticFiles(directory=LIBRARIES / "lit-html")),
            Mount("/static", StaticFiles(directory=PAGE)),
            *make_change_routes(changes),
            *make_photo_routes(deployment),
            *make_execution_routes(deployment, executions, outcomes, description),
            *make_start_routes(deployment, executions),
            *make_batch_routes(deployment),
            *make_invocation_routes(deployment, traffic),
            *make_model_routes(deployment, executions),
            *make_monitoring_routes(deployment),
            *make_review_routes(deployment, teller),
        ],
        middleware=[
            Middleware(Guard, token=token, hosts=hosts),
            Middleware(GZipMiddleware, compresslevel=6, exclude_content_types=NOT_COMPRESSED),
        ],
        exception_handlers={
            HTTPException: answer_http_error,
            NoBatch: answer_error(404),
            NoExecution: answer_error(404),
            NoPhoto: answer_error(404),
            UnknownClass: answer_error(400),
            UnknownPhoto: answer_error(404),
            JudgedMeanwhile: answer_error(409),
            AlreadyTold: answer_error(409),
            MalformedOutcome: answer_error(422),
            TableBusy: answer_error(503),
            ImageTooLarge: answer_error(413),
            InvalidImage: answer_error(415),
            NotDeployed: answer_error(503),
            BotoCoreError: answer_cloud_fault,
            ClientError: answer_cloud_fault,
            # Nobody hears the answer: the browser has gone in the middle of its upload.
            ClientDisconnect: answer_error(400),
            Exception: answer_error(500),
        },
        lifespan=run_teller_and_close,
    )
