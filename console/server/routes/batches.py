"""Batches: those that ran, one as it is now, what it wrote, and what can be done with it."""

from collections.abc import Callable, Iterator
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from console.batches import runs
from console.server.responses import make_json_route
from evaluation.deployment import Deployment

_BLOCK_BYTES = 2**20
_MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl", "json": "application/json"}


def make_batch_routes(deployment: Deployment) -> list[Route]:
    """Returns the routes."""

    def show_all(request: Request) -> dict[str, Any]:
        return {"batches": runs.list_batches(deployment)}

    def show(request: Request) -> dict[str, Any]:
        return runs.describe(deployment, request.path_params["batch"])

    def download(request: Request) -> Response:
        batch, file = request.path_params["batch"], request.path_params["file"]
        if file not in runs.FILES:
            raise HTTPException(404, f"A batch has no file of this name: there are {', '.join(runs.FILES)}")
        body = runs.read_file(deployment, batch, file)

        def read() -> Iterator[bytes]:
            # A million photos' rows are some hundred megabytes.
            with body:
                while block := body.read(_BLOCK_BYTES):
                    yield block

        return StreamingResponse(read(), media_type=_MEDIA_TYPES[file.rpartition(".")[2]])

    def make_act_route(name: str, act: Callable[[Deployment, str], None]) -> Route:
        def answer(request: Request) -> Response:
            batch = request.path_params["batch"]
            try:
                act(deployment, batch)
            except runs.NotPossible as error:
                raise HTTPException(409, str(error)) from None
            return JSONResponse({"id": batch})

        return Route(f"/api/batches/{{batch}}/{name}", answer, methods=["POST"])

    return [
        make_json_route("/api/batches", show_all),
        make_json_route("/api/batches/{batch}", show),
        Route("/api/batches/{batch}/files/{file}", download),
        make_act_route("cancel", runs.cancel),
        make_act_route("redrive", runs.redrive),
    ]
