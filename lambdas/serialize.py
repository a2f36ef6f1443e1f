"""Reads a photo from S3 and puts it into the event as base64, small enough for Step Functions."""

import base64
import shlex
from typing import Any
from urllib.parse import unquote_plus

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import ClientError, FlexibleChecksumError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from lambdas.workflow import event as workflow_event
from lambdas.workflow import measures
from lambdas.workflow.errors import (
    ImageAccessDenied,
    ImageArchived,
    ImageNotFound,
    ImageTooLarge,
    InvalidEvent,
    InvalidImage,
    StorageUnavailable,
)
from lambdas.workflow.invocation import invocation, logger
from lambdas.workflow.photos import photo

# One attempt: the state machine retries, with backoff and jitter, and shows that it does.
s3 = boto3.client("s3", config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}))


def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Returns the event with the photo of ``s3_bucket`` and ``s3_key`` as ``image_data``.

    ``s3_version`` chooses a version of the object; without it the latest is read, and named so.
    """
    with invocation(event, context) as fields:
        return serialize(fields)


@measures.time_step("serialize")
def serialize(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields with the photo as base64 in ``image_data`` and no ``inferences`` yet.

    Where the bucket keeps versions, ``s3_version`` names the one that was read.

    Raises:
        InvalidEvent: ``s3_bucket``, ``s3_key`` or ``s3_version`` is missing or wrong, or no room is left for
            the photo.
        ImageNotFound, ImageAccessDenied, ImageArchived, StorageUnavailable: The object cannot be read.
        InvalidImage, ImageTooLarge: The object cannot be made an image for the model.
    """
    bucket, key = workflow_event.read_location(fields)
    version = workflow_event.read_version(fields)
    workflow_event.check_room(fields)
    content, version = _read_object(bucket, key, version)
    try:
        image = photo.make_small_image(content, workflow_event.MAX_IMAGE_BYTES)
    except (InvalidImage, ImageTooLarge) as error:
        raise type(error)(f"s3://{bucket}/{key} is {error}") from None
    logger.info("Serialized", photo_bytes=len(content), image_bytes=len(image))
    serialized = {**fields, "image_data": base64.b64encode(image).decode(), "inferences": []}
    return serialized if version is None else {**serialized, "s3_version": version}


def _read_object(bucket: str, key: str, version: str | None) -> tuple[bytes, str | None]:
    """Returns an object's content, and which version it is of; None where the bucket keeps none."""
    url = f"s3://{bucket}/{key}"
    chosen: dict[str, Any] = {} if version is None else {"VersionId": version}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, **chosen)
        if answer["ContentLength"] > photo.MAX_BYTES:
            answer["Body"].close()
            raise ImageTooLarge(
                f"{url} is {answer['ContentLength']} bytes long: at most {photo.MAX_BYTES} are read. "
                "Scale it down"
            )
        return answer["Body"].read(), answer.get("VersionId")
    except ClientError as error:
        raise _name_error(error, bucket, key, version) from None
    except (NoConnection, HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
        raise StorageUnavailable(f"{url} could not be read, try again: {error}") from None


def _name_error(error: ClientError, bucket: str, key: str, version: str | None) -> Exception:
    """Returns the workflow's own error for one of S3's, or the error itself if there is none."""
    url = f"s3://{bucket}/{key}"
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "NoSuchBucket":
        return ImageNotFound(f"{url} does not exist: there is no such bucket. Check s3_bucket")
    if version is not None and (status in (404, 405) or message == "Invalid version id specified"):
        # A version that marks a deletion has no content: S3 answers 405.
        return ImageNotFound(
            f"{url} does not exist in the version {version}. Check s3_version, or leave it out for the latest"
        )
    if status == 404:
        return ImageNotFound(f"{url} does not exist. {_hint_at_key(key)}")
    if code == "InvalidObjectState":
        # What of S3's Intelligent-Tiering is archived stays restored: it takes no number of days.
        days = "'{}'" if error.response["Error"].get("AccessTier") else "Days=1"
        storage_class = error.response["Error"].get("StorageClass", code)
        return ImageArchived(
            f"{url} is archived ({storage_class}). Restore it, which takes minutes to hours, and then start "
            f"again: aws s3api restore-object --bucket {bucket} --key {shlex.quote(key)} "
            f"--restore-request {days}"
        )
    if status == 403:
        return ImageAccessDenied(
            f"{url} may not be read by this function ({code}: {message}). Put the photo into the project's "
            "bucket. Where the role may not list, S3 answers this for an absent object too"
        )
    if status >= 500 or code == "RequestTimeout":
        return StorageUnavailable(f"{url} could not be read, try again: S3 answered {code}: {message}")
    if code in ("InvalidBucketName", "InvalidURI"):
        return InvalidEvent(f"{url} is nothing that S3 can look up: it answered {code}: {message}")
    return error


def _hint_at_key(key: str) -> str:
    """Returns what to look at where an object is not found."""
    decoded = unquote_plus(key)
    if decoded != key:
        return f"Check s3_key: it looks URL-encoded, and may be {decoded!r} in S3"
    return "Check s3_key: upper and lower case differ"
