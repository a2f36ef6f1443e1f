"""The page's server: which address answers what."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from console.deployment import Deployment, NotDeployed
from console.executions.filter import ExecutionFilter, decode_cursor
from console.executions.history import Executions, NoExecution
from console.executions.routing import upload
from console.model_in_service import InService, Missing, evaluation, in_service, training
from console.photo import NoPhoto, shown, stored
from console.server.aws_console import execution_link
from console.server.guard import Guard
from console.server.overview import deployed, overview, threshold
from console.traffic.captured import CapturedTraffic
from console.traffic.columns import invocation_columns
from console.traffic.executed import ExecutedTraffic
from console.traffic.source import InvocationSource
from lambdas.workflow.errors import ImageTooLarge, InvalidImage

PAGE = Path(__file__).resolve().parents[1] / "page"
ECHARTS = Path(__file__).resolve().parents[2] / "node_modules/echarts/dist/echarts.min.js"
TOKEN_PLACE = "SESSION_TOKEN"  # noqa: S105 - where in the page it goes, not the token
MOST_BYTES = 10 * 2**20
MOST_NAME_CHARACTERS = 100
FIRST_PAUSE_SECONDS = 0.2
LAST_PAUSE_SECONDS = 2.0


class Console:
    """The handlers, and what outlives a request: what is known of executions and of captured traffic."""

    def __init__(self, deployment: Deployment, token: str, stop: asyncio.Event) -> None:
        self._deployment = deployment
        self._token = token
        self._stop = stop
        self._executions = Executions(deployment)
        self._captured = CapturedTraffic(deployment)
        self._executed = ExecutedTraffic(deployment, self._executions)
        self._traffic: InvocationSource = self._captured
        self._compared_with: dict[str, Any] | None = None

    def close(self) -> None:
        """Ends what goes on in threads."""
        self._captured.close()
        self._executed.close()
        self._executions.close()

    async def page(self, request: Request) -> Response:
        """The page, with the session's token in it."""
        text = (PAGE / "index.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace(TOKEN_PLACE, self._token))

    async def echarts(self, request: Request) -> Response:
        """The charting library, as npm installed it."""
        return FileResponse(ECHARTS)

    async def overview(self, request: Request) -> Response:
        """Endpoint, model, threshold and what happened today."""
        return await _json(overview, self._deployment, self._executions)

    async def deployment(self, request: Request) -> Response:
        """What is deployed; asks neither SageMaker nor Step Functions."""
        return await _json(deployed, self._deployment)

    async def evaluation(self, request: Request) -> Response:
        """The evaluation report of the model in service."""
        return await _json(
            lambda: evaluation(self._deployment, in_service(self._deployment), "test", "validation")
        )

    async def training(self, request: Request) -> Response:
        """The epochs of the job that trained it."""
        return await _json(training, self._deployment)

    async def add_photo(self, request: Request) -> Response:
        """Uploads a photo and starts the state machine on it."""
        name = file_name(request.headers.get("x-file-name", ""))
        content = await _body(request)

        def route() -> str:
            shown(content)
            return self._executions.start(upload(self._deployment, content, name))

        return JSONResponse({"id": await run_in_threadpool(route)}, 201)

    async def list_executions(self, request: Request) -> Response:
        """A page of the executions that the query's filter lets through."""
        try:
            wanted = ExecutionFilter.of(request.query_params)
            place = decode_cursor(request.query_params.get("cursor"))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return await _json(self._executions.page, wanted, place)

    async def execution(self, request: Request) -> Response:
        """One execution with its states and the state machine's graph."""
        return JSONResponse(await self._whole(request.path_params["name"]))

    async def execution_events(self, request: Request) -> Response:
        """The same whenever it changes, until it has ended."""
        name = request.path_params["name"]
        # Asked before the stream begins, so that an execution that is not there is a plain 404.
        return _event_stream(self._execution_changes(name, await self._whole(name)))

    async def execution_photo(self, request: Request) -> Response:
        """The photo that an execution was started on."""
        s3 = self._deployment.session.client("s3")

        def photo() -> bytes:
            found = self._executions.photo(request.path_params["name"])
            return stored(s3, found.bucket, found.key)

        return await _image(photo)

    async def invocations(self, request: Request) -> Response:
        """What has been read of the invocations, as columns."""
        return Response(await run_in_threadpool(self._columns), media_type="application/octet-stream")

    async def invocation_events(self, request: Request) -> Response:
        """Reads what is new since and says how far that is, until it is done."""
        # Asked before the reading, which leaves the cloud on a laptop little time for other questions.
        served = await run_in_threadpool(in_service, self._deployment)
        self._compared_with = await run_in_threadpool(self._comparison, served)
        captures = not isinstance(served, InService) or served.captures
        self._traffic = self._captured if captures else self._executed
        self._traffic.read_new()
        return _event_stream(self._reading_progress())

    async def invocation_photo(self, request: Request) -> Response:
        """The picture of an invocation."""
        return await _image(lambda: self._traffic.picture(request.path_params["number"]))

    async def staged_photo(self, request: Request) -> Response:
        """A picture of a data set."""
        s3, key = self._deployment.session.client("s3"), f"datasets/{request.path_params['path']}"
        return await _image(lambda: stored(s3, self._deployment.bucket, key))

    async def _whole(self, name: str) -> dict[str, Any]:
        execution = await run_in_threadpool(self._executions.one, name)
        graph = await run_in_threadpool(self._executions.graph, name)
        return {**execution, "graph": graph, "link": execution_link(self._deployment, name)}

    async def _execution_changes(self, name: str, whole: dict[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        yield whole
        pause = FIRST_PAUSE_SECONDS
        while whole["outcome"] == "running":
            with anyio.move_on_after(pause):
                await self._stop.wait()
                return
            pause = min(pause * 1.2, LAST_PAUSE_SECONDS)
            before, whole = whole, whole | await run_in_threadpool(self._executions.one, name)
            if whole != before:
                yield whole

    async def _reading_progress(self) -> AsyncIterator[Mapping[str, Any]]:
        while not self._traffic.progress.done:
            yield asdict(self._traffic.progress)
            with anyio.move_on_after(FIRST_PAUSE_SECONDS):
                await self._stop.wait()
                return
        yield asdict(self._traffic.progress)

    def _columns(self) -> bytes:
        header = {
            "classes": self._traffic.classes,
            "progress": asdict(self._traffic.progress),
            **(self._compared_with or self._comparison(in_service(self._deployment))),
        }
        return invocation_columns(self._traffic.rows(), header)

    def _comparison(self, served: InService | Missing) -> dict[str, Any]:
        return {
            "threshold": threshold(self._deployment),
            "baseline": baseline(evaluation(self._deployment, served, "validation", "test")),
        }


def page_application(
    deployment: Deployment, token: str, hosts: Sequence[str], stop: asyncio.Event
) -> Starlette:
    """Returns the application.

    Args:
        deployment: What it shows.
        token: The session's, which the page carries and every call of the API must.
        hosts: Every ``name:port`` that it answers to.
        stop: Ends the event streams, which would go on for as long as somebody listens.
    """
    console = Console(deployment, token, stop)

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        yield
        console.close()

    return Starlette(
        routes=[
            Route("/", console.page),
            Route("/static/echarts.min.js", console.echarts),
            Mount("/static", StaticFiles(directory=PAGE)),
            Route("/api/overview", console.overview),
            Route("/api/deployment", console.deployment),
            Route("/api/photos", console.add_photo, methods=["POST"]),
            Route("/api/executions", console.list_executions),
            Route("/api/executions/{name}", console.execution),
            Route("/api/executions/{name}/events", console.execution_events),
            Route("/api/executions/{name}/photo", console.execution_photo),
            Route("/api/invocations", console.invocations),
            Route("/api/invocations/events", console.invocation_events),
            Route("/api/invocations/{number:int}/photo", console.invocation_photo),
            Route("/api/datasets/{path:path}", console.staged_photo),
            Route("/api/evaluation", console.evaluation),
            Route("/api/training", console.training),
        ],
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        exception_handlers={
            HTTPException: _http_error,
            NoExecution: _answering(404),
            NoPhoto: _answering(404),
            ImageTooLarge: _answering(413),
            InvalidImage: _answering(415),
            NotDeployed: _answering(503),
            BotoCoreError: _answering(502),
            ClientError: _answering(502),
            Exception: _answering(500),
        },
        lifespan=lifespan,
    )


def file_name(header: str) -> str:
    """Returns the name under which a photo is kept, from the percent-encoded one that a stranger chose."""
    name = unquote(header, errors="replace").replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable())[-MOST_NAME_CHARACTERS:].strip()
    return name if name.strip(".") else "photo"


def baseline(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns which ``split`` an evaluation report is of, and the model's ``confidences`` in its photos."""
    if "answers" not in report:
        return None
    confidences = [max(answer["probabilities"]) for answer in report["answers"]]
    return {"split": report["split"], "confidences": confidences}


async def _json(function: Callable[..., Any], *arguments: Any) -> Response:
    return JSONResponse(await run_in_threadpool(function, *arguments))


async def _image(content: Callable[[], bytes]) -> Response:
    image, media_type = await run_in_threadpool(lambda: shown(content()))
    return Response(image, media_type=media_type)


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise ImageTooLarge(f"a photo of more than {MOST_BYTES // 2**20} MiB: scale it down")
    return bytes(content)


def _event_stream(events: AsyncIterator[Mapping[str, Any]]) -> Response:
    async def text() -> AsyncIterator[str]:
        async for event in events:
            yield f"data: {json.dumps(event)}\n\n"

    return StreamingResponse(text(), media_type="text/event-stream")


def _answering(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        line = (str(error).splitlines() or [""])[0]
        return JSONResponse({"error": line or type(error).__name__}, status)

    return answer


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)
