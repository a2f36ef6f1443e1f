"""What a batch works on: bucket and table on moto, an endpoint and a bus that do as they are told."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import moto
import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from PIL import Image

from lambdas.workflow import outcomes
from tests.lambdas.operations.upload_events import BUCKET
from tests.outcome_table import create_outcome_table

TABLE = "scones-outcomes"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scones-batch:one"
RUN = {
    "batch": "photos-01234567",
    "bucket": BUCKET,
    "execution": EXECUTION,
    "started_at": "2026-01-31T12:00:00.120Z",
}
MINUTES = 900_000


def draw(confidence: float) -> bytes:
    """Returns a photo for which the endpoint is so sure of the class bicycle."""
    written = io.BytesIO()
    shade = round(confidence * 255)
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(written, "PNG")
    return written.getvalue()


def refuse(code: str, status: int, operation: str = "InvokeEndpoint") -> ClientError:
    """Returns the error that a service answers with."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": "as told"},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        operation,
    )


class FakeEndpoint:
    """Answers by the shade of a photo.

    Attributes:
        asked: The shades that were asked for.
        fault: Returns the error for a photo of a shade, or None.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fault: Callable[[int], Exception | None] = lambda shade: None

    def invoke_endpoint(self, *, Body: bytes, **_: str) -> dict[str, Any]:
        """Stands for the client's operation."""
        shade = int(Image.open(io.BytesIO(Body)).getpixel((0, 0))[0])  # type: ignore[index]
        self.asked.append(shade)
        if error := self.fault(shade):
            raise error
        answer = json.dumps([shade / 255, 1 - shade / 255]).encode()
        return {"Body": StreamingBody(io.BytesIO(answer), len(answer))}


class FakeBus:
    """Takes events.

    Attributes:
        told: What was sent: outcome and key.
        refused: How many of the next entries are not taken.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.details: list[dict[str, Any]] = []
        self.refused = 0

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Stands for the client's operation."""
        assert 0 < len(Entries) <= 10
        answers: list[dict[str, str]] = []
        for entry in Entries:
            if self.refused:
                self.refused -= 1
                answers.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "too many"})
                continue
            detail = json.loads(entry["Detail"])
            assert entry["Source"] == "scones.scones"
            assert entry["DetailType"] == outcomes.DETAIL_TYPES[detail["outcome"]]
            self.details.append(detail)
            self.told.append((detail["outcome"], detail["photo"]["key"]))
            answers.append({"EventId": "e"})
        return {"Entries": answers}


class BatchCloud:
    """Calls the function as Step Functions does.

    Attributes:
        s3: Client of S3, on moto.
        dynamodb: Client of DynamoDB, on moto.
        endpoint: The endpoint.
        bus: The event bus.
        pauses: The longest seconds of each pause.
    """

    def __init__(self) -> None:
        from lambdas.operations import batch_photos, outcome_records

        # Those of the functions: to make others takes most of a test's time.
        self.s3, self.dynamodb = batch_photos.s3, outcome_records.dynamodb
        self.endpoint = FakeEndpoint()
        self.bus = FakeBus()
        self.pauses: list[float] = []
        self.s3.create_bucket(Bucket=BUCKET)
        create_outcome_table(self.dynamodb, TABLE)
        self.keep_versions("Enabled")

    def keep_versions(self, status: Any) -> None:
        """Has the bucket keep versions, or no more."""
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})

    def put(self, key: str, content: bytes) -> None:
        """Puts an object."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def list_items(self, prefix: str = "photos/") -> list[dict[str, Any]]:
        """Returns what the Map's reader and selector make of the objects under a prefix."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [{"key": found["Key"], "etag": found["ETag"], "size": found["Size"]} for found in listed]

    def call(
        self, *, items: Any = None, milliseconds: int = MINUTES, **changed: str
    ) -> dict[str, dict[str, Any]]:
        """Calls the function; returns the rows by key."""
        from lambdas.operations import batch

        event = {
            "Items": self.list_items() if items is None else items,
            "BatchInput": {**RUN, **changed},
        }
        context: Any = SimpleNamespace(
            function_name="scones-batch",
            aws_request_id="5c3a",
            get_remaining_time_in_millis=lambda: milliseconds,
        )
        self.result = batch.handler(json.loads(json.dumps(event)), context)
        # Lambda answers in JSON.
        rows = json.loads(json.dumps(self.result))["photos"]
        return {row["key"]: row for row in rows}

    def read_items(self) -> dict[str, dict[str, Any]]:
        """Returns the items of the table by key of the photo, numbers as ``float``."""
        reader = TypeDeserializer()
        found = self.dynamodb.scan(TableName=TABLE)["Items"]
        plain = [{name: reader.deserialize(value) for name, value in item.items()} for item in found]
        return {str(item["key"]): json.loads(json.dumps(item, default=float)) for item in plain}


@contextmanager
def open_batch_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchCloud]:
    """Yields what a batch works on; the functions' modules are on it."""
    from lambdas.operations import batch, outcome_records
    from lambdas.workflow import endpoint

    with moto.mock_aws():
        cloud = BatchCloud()
        monkeypatch.setattr(endpoint, "sagemaker_runtime", cloud.endpoint)
        monkeypatch.setattr(outcome_records, "events", cloud.bus)
        for module in (batch, outcome_records):
            monkeypatch.setattr(module, "sleep", cloud.pauses.append)
        yield cloud
