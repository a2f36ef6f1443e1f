"""Composes the page's server: page, static files, routes of the API, and the status of each error."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

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
from console.server.guard import Guard
from console.server.responses import answer_error, answer_http_error
from console.server.routes.executions import make_execution_routes
from console.server.routes.invocations import make_invocation_routes
from console.server.routes.model import make_model_routes
from console.server.routes.photos import make_photo_routes
from console.server.routes.reviews import make_review_routes
from console.server.telling import BackgroundTeller
from console.traffic.traffic import Traffic
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow.errors import ImageTooLarge, InvalidImage

PAGE = Path(__file__).resolve().parents[1] / "page"
ECHARTS = Path(__file__).resolve().parents[2] / "node_modules/echarts/dist/echarts.min.js"
TOKEN_PLACE = "SESSION_TOKEN"  # noqa: S105 - where in the page it goes, not the token


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
    traffic = Traffic(deployment, executions)
    teller = BackgroundTeller(deployment)

    def show_page(request: Request) -> HTMLResponse:
        text = (PAGE / "index.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace(TOKEN_PLACE, token))

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
            Route("/static/echarts.min.js", lambda request: FileResponse(ECHARTS)),
            Mount("/static", StaticFiles(directory=PAGE)),
            *make_photo_routes(deployment),
            *make_execution_routes(deployment, executions, outcomes, stop),
            *make_invocation_routes(deployment, traffic, stop),
            *make_model_routes(deployment, executions, outcomes),
            *make_review_routes(deployment, teller),
        ],
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        exception_handlers={
            HTTPException: answer_http_error,
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
            BotoCoreError: answer_error(502),
            ClientError: answer_error(502),
            Exception: answer_error(500),
        },
        lifespan=run_teller_and_close,
    )
