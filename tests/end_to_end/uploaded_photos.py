"""Uploading photos, and what became of them."""

import time
from collections.abc import Callable
from typing import Any

from lambdas.workflow import places
from tests.end_to_end.embedded_cloud import App

SECONDS = 60


def put(app: App, key: str, content: bytes) -> str:
    """Puts an object, as anybody would; returns its version."""
    answer = app.cloud.client("s3").put_object(Bucket=app.parameter("bucket"), Key=key, Body=content)
    return str(answer["VersionId"])


def read_outcomes(app: App) -> dict[str, dict[str, Any]]:
    """Returns all items of the table by the photo's id, their values as text."""
    pages = app.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=app.parameter("outcomes"))
    items = [item for page in pages for item in page["Items"]]
    return {
        item["photo"]["S"]: {name: next(iter(value.values())) for name, value in item.items()}
        for item in items
    }


def eventually(look: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Returns what is found, once it is."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing came in {seconds} s"
        time.sleep(0.2)
    return found


def wait_for_outcome(app: App, key: str, version: str) -> dict[str, Any]:
    """Returns what became of one version of an object."""
    photo = places.identify_photo(app.parameter("bucket"), key, version)
    return eventually(lambda: read_outcomes(app).get(photo))
