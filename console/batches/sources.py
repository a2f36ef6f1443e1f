"""Reads what a batch is to route: the photos under a prefix of S3, or those of a folder of this machine."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from console.batches.naming import is_batch, name_batch
from evaluation.deployment import Deployment, EvaluationError
from lambdas.workflow import places
from lambdas.workflow.event import BUCKET_NAME

KEPT = (
    *(places.BATCHES, places.CAPTURED, places.EVALUATIONS, places.MODELS, places.REPORTS),
    *(places.REVIEW, places.VALIDATIONS, places.VERDICTS),
)
"""What the deployment keeps for itself in its bucket."""
_OF_A_BATCH = re.compile(rf"{places.BATCHES}([^/]+)/")
_PHOTOS_OF_A_BATCH = re.compile(rf"{places.BATCHES}[^/]+/photos/")


class WrongSource(EvaluationError):
    """What is to be routed is not there, or may not be; the message says what to name."""


@dataclass(frozen=True)
class Source:
    """What a batch routes.

    Attributes:
        batch: Id of the batch.
        named: What the user named; a folder by its absolute path, what is no text in it replaced.
        bucket: Where the photos lie, or are to be uploaded to.
        prefix: What their keys begin with; empty for a whole bucket.
        folder: The folder that is to be uploaded; None for a prefix.
    """

    batch: str
    named: str
    bucket: str
    prefix: str
    folder: Path | None = None


def read_source(deployment: Deployment, text: str) -> Source:
    """Returns the source that a user names: ``s3://BUCKET/PREFIX``, or a folder.

    A prefix is taken for a folder: what lies beside it under a longer name does not belong to it.

    Raises:
        WrongSource: There is no such folder, or nothing to route, or it is what the deployment keeps.
    """
    source = _read(deployment, text)
    if source.folder is None:
        _check(deployment, source)
    elif not source.folder.is_dir():
        if source.folder.is_file():
            raise WrongSource(
                f"'{text[:200]}' is a file: name its folder, or for one photo python -m console route {text}"
            )
        raise WrongSource(
            f"'{text[:200]}' is no folder and no prefix of S3: write a path, or s3://BUCKET/PREFIX"
        )
    return source


def find_batch(deployment: Deployment, text: str) -> str:
    """Returns the id of the batch that a user names, by its id or by what it routes."""
    is_id = is_batch(text) and not Path(text).is_dir()
    return text if is_id else _read(deployment, text).batch


def _read(deployment: Deployment, text: str) -> Source:
    if not text.strip():
        raise WrongSource("An empty text names no photos: write a path, or s3://BUCKET/PREFIX")
    scheme, slashes, place = text.partition("://")
    if slashes and scheme.lower() == "s3":
        if scheme != "s3":
            raise WrongSource(f"Addresses in S3 begin with s3:// in small letters: write s3://{place[:200]}")
        bucket, _, prefix = place.partition("/")
        if not bucket:
            raise WrongSource(f"'{text[:200]}' names no bucket: write s3://BUCKET/PREFIX")
        if not BUCKET_NAME.fullmatch(bucket):
            raise WrongSource(f"'{bucket[:80]}' is no bucket's name: write s3://BUCKET/PREFIX")
        try:
            prefix.encode()
        except UnicodeEncodeError:
            raise WrongSource(f"'{text[:200]}' holds bytes that are no text, as no key in S3 does") from None
        folder_key = prefix.rstrip("/")
        prefix = f"{folder_key}/" if folder_key else ""
        title = folder_key.rpartition("/")[2] or bucket
        return Source(name_batch(title, places.s3_uri(bucket, prefix)), text, bucket, prefix)
    folder = Path(text).resolve()
    batch = name_batch(folder.name, str(folder))
    # A name on disk may hold bytes that are no text, which no JSON document takes.
    named = os.fsencode(folder).decode(errors="replace")
    return Source(batch, named, deployment.bucket, places.batch_photos_prefix(batch), folder)


def _check(deployment: Deployment, source: Source) -> None:
    shown = places.s3_uri(source.bucket, source.prefix)
    if source.bucket == deployment.bucket and not _PHOTOS_OF_A_BATCH.match(source.prefix):
        covered = [kept for kept in KEPT if kept.startswith(source.prefix)]
        around = [kept for kept in KEPT if source.prefix.startswith(kept)]
        if covered or around:
            of_batch = _OF_A_BATCH.match(source.prefix)
            photos = of_batch and places.s3_uri(source.bucket, places.batch_photos_prefix(of_batch[1]))
            raise WrongSource(
                f"{shown} {'covers' if covered else 'lies in'} {', '.join(covered or around)}, which the "
                f"deployment keeps for itself: name {photos or 'a prefix of photos'}"
            )
    try:
        listed = deployment.client("s3").list_objects_v2(Bucket=source.bucket, Prefix=source.prefix)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            raise WrongSource(f"There is no bucket {source.bucket}: look at the address {shown}") from None
        # Who may not list it may start a batch all the same: the state machine lists with its own role.
        if code != "AccessDenied":
            raise
        return
    found = any(entry["Size"] and not entry["Key"].endswith("/") for entry in listed.get("Contents", []))
    if not found and not listed["IsTruncated"]:
        raise WrongSource(
            f"Nothing lies under {shown}: name a prefix with photos, or for one photo "
            "python -m console route s3://BUCKET/KEY"
        )
