"""Photos: takes one in and routes it, shows one of a data set."""

from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.executions.routing import start_execution, upload_photo
from console.photo import download, reencode_photo
from console.server.responses import make_image_route
from evaluation.deployment import Deployment
from lambdas.workflow.errors import ImageTooLarge
from lambdas.workflow.places import DATASETS

MOST_BYTES = 10 * 2**20
MOST_NAME_CHARACTERS = 100


def make_photo_routes(deployment: Deployment) -> list[Route]:
    """Returns the routes."""

    async def add_photo(request: Request) -> Response:
        label = clean_file_name(request.headers.get("x-file-name", ""))
        content = await _read_body(request)

        def route() -> str:
            reencode_photo(content)
            return start_execution(deployment, upload_photo(deployment, label, content))

        arn = await run_in_threadpool(route)
        return JSONResponse({"id": arn.rpartition(":")[2]}, 201)

    def read_staged_photo(request: Request) -> bytes:
        return download(deployment.client("s3"), deployment.bucket, DATASETS + request.path_params["path"])

    return [
        Route("/api/photos", add_photo, methods=["POST"]),
        make_image_route("/api/datasets/{path:path}", read_staged_photo),
    ]


def clean_file_name(header: str) -> str:
    """Returns a plain name for a photo, from the percent-encoded one that a stranger chose."""
    name = unquote(header, errors="replace").replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable())[-MOST_NAME_CHARACTERS:].strip()
    return name if name.strip(".") else "photo"


async def _read_body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise ImageTooLarge(f"a photo of more than {MOST_BYTES // 2**20} MiB: scale it down")
    return bytes(content)
