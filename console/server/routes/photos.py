"""Photos: takes one in and routes it, names some of a data set to try, shows one of it."""

from collections.abc import Mapping
from itertools import chain, zip_longest
from typing import Any
from urllib.parse import quote, unquote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.executions.routing import start_execution, upload_photo
from console.photo import download, reencode_photo
from console.server.responses import make_image_route, make_json_route
from evaluation.deployment import Deployment
from lambdas.workflow.errors import ImageTooLarge
from lambdas.workflow.places import DATASETS, data_set_key

MOST_BYTES = 10 * 2**20
MOST_NAME_CHARACTERS = 100
BODY_SECONDS = 60.0
SLOWEST_BYTES_A_SECOND = 16_384
"""Less than any line that a person would wait for, so that an upload over such a line is not cut."""
SAMPLES_PER_CLASS = 4
MOST_SAMPLES = 12


def make_photo_routes(deployment: Deployment) -> list[Route]:
    """Returns the routes."""

    async def add_photo(request: Request) -> Response:
        label = clean_file_name(request.headers.get("x-file-name", ""))
        content = await _read_body(request)

        def route() -> dict[str, str]:
            reencode_photo(content)
            photo = upload_photo(deployment, label, content)
            arn = start_execution(deployment, photo)
            return {"id": arn.rpartition(":")[2], "name": label, "key": photo.key}

        return JSONResponse(await run_in_threadpool(route), 201)

    def list_samples(request: Request) -> dict[str, Any]:
        return {"samples": choose_samples(deployment.read_manifest(), deployment.bucket)}

    def read_staged_photo(request: Request) -> bytes:
        return download(deployment.client("s3"), deployment.bucket, DATASETS + request.path_params["path"])

    return [
        Route("/api/photos", add_photo, methods=["POST"]),
        make_json_route("/api/samples", list_samples),
        make_image_route("/api/datasets/{path:path}", read_staged_photo),
    ]


def choose_samples(manifest: Mapping[str, Any], bucket: str) -> list[dict[str, Any]]:
    """Returns some photos of a data set's test split, the classes by turns.

    Each has its ``name``, its class as ``label``, the ``picture``'s path under the server, and the ``input``
    that an execution on it takes.
    """
    classes, dataset = manifest["classes"], manifest["dataset"]
    paths: list[list[str]] = [[] for _ in classes]
    for path, entry in sorted(manifest["files"].items()):
        if path.startswith("test/"):
            paths[entry["label"]].append(path)
    # From all over the class: neighbours by name are often alike.
    spread = [of_class[:: -(-len(of_class) // SAMPLES_PER_CLASS) or 1] for of_class in paths]
    chosen = [path for path in chain.from_iterable(zip_longest(*spread)) if path]
    return [
        {
            "name": path.rpartition("/")[2],
            "label": classes[manifest["files"][path]["label"]],
            "picture": f"/api/datasets/{dataset}/{quote(path)}",
            "input": {"image_data": "", "s3_bucket": bucket, "s3_key": data_set_key(dataset, path)},
        }
        for path in chosen[:MOST_SAMPLES]
    ]


def clean_file_name(header: str) -> str:
    """Returns a plain name for a photo, from the percent-encoded one that a stranger chose."""
    name = unquote(header, errors="replace").replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable())[-MOST_NAME_CHARACTERS:].strip()
    return name if name.strip(".") else "photo"


async def _read_body(request: Request) -> bytes:
    content = bytearray()
    with anyio.move_on_after(BODY_SECONDS) as limit:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                raise ImageTooLarge(f"a photo of more than {MOST_BYTES // 2**20} MB: scale it down")
            limit.deadline += len(chunk) / SLOWEST_BYTES_A_SECOND
        return bytes(content)
    raise HTTPException(408, f"The photo did not arrive: {len(content):,} bytes came. Send it again")
