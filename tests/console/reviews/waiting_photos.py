"""A deployment in moto's AWS with a table of outcomes, and photos in it that wait for a person."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from PIL import Image

from evaluation.deployment import Deployment
from lambdas.workflow import outcomes, places
from tests.outcome_table import create_outcome_table

BUCKET = "scones-bucket"
TABLE = "scones-outcomes"
CLASSES = ["bicycle", "motorcycle"]


@cache
def client(service: str) -> Any:
    """Returns the tests' own client: making one takes longer than asking it."""
    return boto3.client(service)


@cache
def table() -> Any:
    return boto3.resource("dynamodb").Table(TABLE)


@contextmanager
def deployed() -> Iterator[Deployment]:
    """A deployment without a photo, while it lasts."""
    client.cache_clear()
    table.cache_clear()
    with pytest.MonkeyPatch.context() as patches, mock_aws():
        patches.setenv("AWS_DEFAULT_REGION", "us-east-1")
        write_one_at_a_time(patches)
        client("s3").create_bucket(Bucket=BUCKET)
        create_table()
        for which, value in {"bucket": BUCKET, "outcomes": TABLE, "dataset": "none yet"}.items():
            client("ssm").put_parameter(Name=f"/scones/{which}", Value=value, Type="String")
        stage(CLASSES)
        yield Deployment("scones")


def write_one_at_a_time(patches: pytest.MonkeyPatch) -> None:
    """DynamoDB looks at an item and writes it in one step. moto's threads do when no two are in it."""
    working = threading.RLock()
    for name in ("update_item", "query", "get_item"):
        original = getattr(DynamoDBBackend, name)

        def call(*arguments: Any, _original: Any = original, **named: Any) -> Any:
            with working:
                return _original(*arguments, **named)

        patches.setattr(DynamoDBBackend, name, call)


def create_table() -> None:
    create_outcome_table(client("dynamodb"), TABLE)


def stage(classes: list[str], *, other_class: str | None = None, **source: Any) -> None:
    """Stages a data set of some classes in the place of the one before."""
    data_set = f"set-of-{'-'.join(classes)}"
    manifest = {"classes": classes, "dataset": data_set, "source": source, "other_class": other_class}
    client("s3").put_object(
        Bucket=BUCKET,
        Key=places.manifest_key(data_set),
        Body=json.dumps(manifest).encode(),
    )
    client("ssm").put_parameter(Name="/scones/dataset", Value=data_set, Overwrite=True)


def empty() -> None:
    """Takes all photos away, and stages the classes that there were at first."""
    for item in table().scan()["Items"]:
        table().delete_item(Key={"photo": item["photo"]})
    for entry in client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client("s3").delete_object(Bucket=BUCKET, Key=entry["Key"])
    stage(CLASSES)


def refuse(key: str, at: int = 0, wrong: dict[str, Any] | None = None, **other: Any) -> str:
    """Puts a photo into the bucket and its refusal, so many seconds after noon, into the table.

    Args:
        key: Its key.
        at: When it was refused, in seconds after noon.
        wrong: Attributes that are other ones; None for one that is missing.
        other: The same.

    Returns:
        The photo's id.
    """
    version = client("s3").put_object(Bucket=BUCKET, Key=key, Body=draw(at)).get("VersionId", "")
    photo = places.identify_photo(BUCKET, key, version)
    moment = f"2026-01-31T12:{at // 60:02}:{at % 60:02}"
    put(
        {
            "photo": photo,
            "outcome": outcomes.REFUSED,
            "decided_at": f"{moment}.500Z",
            "started_at": f"{moment}.000Z",
            "bucket": BUCKET,
            "key": key,
            "version": version,
            "file": key.rpartition("/")[2].lower(),
            "execution": f"arn:aws:states:us-east-1:123456789012:execution:scones:{photo}",
            "model": "scones-model-1",
            "predicted_class": "bicycle",
            "confidence": Decimal("0.625"),
            "probabilities": {"bicycle": Decimal("0.625"), "motorcycle": Decimal("0.375")},
            "threshold": Decimal("0.8"),
            **other,
            **(wrong or {}),
        }
    )
    return photo


def put(item: dict[str, Any]) -> None:
    table().put_item(Item={name: value for name, value in item.items() if value is not None})


def read_item(photo: str) -> dict[str, Any]:
    return table().get_item(Key={"photo": photo})["Item"]


def draw(shade: int) -> bytes:
    """Returns a PNG file of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (shade % 256, 90, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def record_events(deployment: Deployment) -> list[dict[str, Any]]:
    """Returns a list to which the entry of each event that the deployment's client sends is added."""
    sent: list[dict[str, Any]] = []
    deployment.client("events").meta.events.register(
        "before-parameter-build.events.PutEvents", lambda params, **_: sent.extend(params["Entries"])
    )
    return sent


class Clock:
    """Tells a time that only the test moves on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now
