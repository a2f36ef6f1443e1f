"""What a batch and its summary say of a photo: which it is, its outcome as the table has it, and its row."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.operations.outcome_records import Outcome
from lambdas.workflow import outcomes, places
from lambdas.workflow.errors import StorageUnavailable

s3 = boto3.client(
    "s3",
    config=Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}),
)

LONGEST_CAUSE = 500
"""In a row; the table has the whole cause."""
LONGEST_ROWS_BYTES = 200_000
"""Of the rows of one call, as JSON: Step Functions carries 256 KiB."""
ROW = (
    *("predicted_class", "confidence", "threshold", "model", "probabilities", "error", "cause"),
    "label",
)
"""What a row has of an outcome, where the outcome has it."""


@dataclass(frozen=True)
class Run:
    """One run of a batch.

    Attributes:
        batch: Id of the batch.
        bucket: Where its photos lie.
        execution: ARN of the execution that routes them.
        started_at: When that started, as Step Functions writes it.
    """

    batch: str
    bucket: str
    execution: str
    started_at: str


@dataclass(frozen=True)
class Photo:
    """One version of an object.

    Attributes:
        key: Its key.
        version: The version; empty where the bucket keeps none.
        id: Its id in the table of outcomes.
    """

    key: str
    version: str
    id: str


def is_passed_over(item: Mapping[str, Any]) -> bool:
    """Returns whether a listed object can be no photo: the marker of a folder, or an empty object."""
    return item["key"].endswith("/") or item["size"] == 0


def identify(run: Run, item: Mapping[str, Any], version: str | None) -> Photo:
    """Returns the photo that one version of a listed object is.

    What names no version, for its bucket keeps none or it is gone, has an id of its content in its batch.

    Args:
        run: The run.
        item: ``key`` and ``etag`` of the object.
        version: The version, as S3 names it; a bucket that keeps versions no more names all of them "null".
    """
    key, etag = item["key"], item["etag"]
    if version and version != "null":
        return Photo(key, version, places.identify_photo(run.bucket, key, version))
    content = f"{run.batch}/{run.bucket}/{key}?etag={etag}"
    return Photo(key, "", sha256(content.encode()).hexdigest()[: places.PHOTO_DIGITS])


def look_up_version(bucket: str, key: str) -> str | None:
    """Returns the newest version of an object that could not be read; None where S3 names none.

    Raises:
        StorageUnavailable: S3 does not answer.
    """
    try:
        return s3.head_object(Bucket=bucket, Key=key).get("VersionId")
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status >= 500 or status == 429:
            raise StorageUnavailable(
                f"s3://{bucket}/{key} could not be looked at: S3 answered {code}"
            ) from None
        # Whoever reads it gets the reason, which the answer to this request has no room for.
        return None
    except BotoCoreError as error:
        raise StorageUnavailable(f"s3://{bucket}/{key} could not be looked at: {error}") from None


def make_outcome(run: Run, photo: Photo, outcome: str, *, model: str, days: int, **told: Any) -> Outcome:
    """Returns the outcome of a photo as the table has it, decided now.

    Args:
        run: The run.
        photo: The photo.
        outcome: ROUTED, REFUSED or FAILED.
        model: Name of the model in service.
        days: After how many days the table forgets it, unless it waits for a person.
        told: What else is known: the model's answer, the error.
    """
    now = time.time()
    expires = {} if outcome == outcomes.REFUSED else {outcomes.EXPIRES: int(now) + days * 86_400}
    return {
        "photo": photo.id,
        "outcome": outcome,
        "bucket": run.bucket,
        "key": photo.key,
        "version": photo.version,
        "file": photo.key.rpartition("/")[2].lower(),
        "execution": run.execution,
        "model": model,
        "started_at": run.started_at,
        "decided_at": format_time(now),
        **told,
        **expires,
    }


def format_time(seconds: float) -> str:
    """Writes a time in Unix seconds as Step Functions does: ISO 8601, UTC, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe(run: Run, photo: Photo, outcome: Outcome) -> dict[str, Any]:
    """Returns the row of a photo.

    Args:
        run: The run.
        photo: The photo.
        outcome: What became of it, in this run or before.

    Returns:
        ``key``, ``version``, ``photo``, ``outcome``, ``asked``: whether this run has found the outcome; and
        of ROW what the outcome has.
    """
    row = {
        "key": photo.key,
        "version": photo.version,
        "photo": photo.id,
        "outcome": outcome["outcome"],
        "asked": outcome.get("execution") == run.execution,
        **{name: outcome[name] for name in ROW if name in outcome},
    }
    if "cause" in row:
        row["cause"] = re.sub(r"\s+", " ", str(row["cause"]))[:LONGEST_CAUSE]
    return row


def fit(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the rows short enough for Step Functions: the table has what is left out."""
    for name in ("probabilities", "cause"):
        if len(json.dumps(rows)) <= LONGEST_ROWS_BYTES:
            break
        rows = [{field: value for field, value in row.items() if field != name} for row in rows]
    return rows
