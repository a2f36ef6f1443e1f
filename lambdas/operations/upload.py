"""Starts the state machine for uploaded photos, of which S3 tells through EventBridge and a queue.

A message that can start nothing, or not now, comes again; SQS puts what came too often into the dead-letter
queue. What was started already is done, so that it does not matter how often a message comes.
"""

import json
import os
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.workflow import event as workflow_event
from lambdas.workflow import places
from lambdas.workflow.errors import InvalidEvent
from lambdas.workflow.execution import start_execution
from lambdas.workflow.invocation import logger

BUCKET = os.environ["BUCKET"]
STATE_MACHINE = os.environ["STATE_MACHINE_ARN"]
DETAIL_TYPE = "Object Created"

step_functions = boto3.client(
    "stepfunctions", config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 3})
)


class Upload(NamedTuple):
    """One version of an object that was put under ``incoming/``, and its size in bytes."""

    key: str
    version: str
    size: int


class NoUpload(Exception):
    """A message does not tell of an upload to this deployment; the text says what it is instead."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Returns which messages of the queue have to come again, in the form of SQS's partial batch answers.

    Each message gets one line in the log, and none keeps those after it from their turn.
    """
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    failed = []
    for message in event["Records"]:
        try:
            _start(read_upload(message["body"]))
        except (NoUpload, ClientError, BotoCoreError) as error:
            logger.error(f"Not started: {error}", message_id=message["messageId"], error=type(error).__name__)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def _start(upload: Upload) -> None:
    key, version = upload.key, upload.version
    if reason := explain_passing_over(upload):
        logger.info(f"Passed over: {reason}", s3_key=key, s3_version=version)
        return
    arn = start_execution(step_functions, STATE_MACHINE, BUCKET, key, version)
    logger.info("Started", execution_id=arn, s3_key=key, s3_version=version)


def read_upload(body: str) -> Upload:
    """Returns the upload that a message tells of.

    Args:
        body: EventBridge's event of S3, as JSON.

    Raises:
        NoUpload: It tells of something else.
    """
    try:
        event = json.loads(body)
        told, detail = (event["source"], event["detail-type"]), event["detail"]
        # All that the state machine would refuse as no event is refused here.
        fields = workflow_event.read({"detail": detail})
        bucket, key = workflow_event.read_location(fields)
        version, size = workflow_event.read_version(fields), detail["object"]["size"]
    except (ValueError, LookupError, TypeError, RecursionError, InvalidEvent) as error:
        raise NoUpload(f"no event of S3 about one object ({type(error).__name__}: {error})"[:300]) from None
    if told != ("aws.s3", DETAIL_TYPE) or bucket != BUCKET or not key.startswith(places.INCOMING):
        where = f"s3://{BUCKET}/{places.INCOMING}"
        raise NoUpload(f"an event about s3://{bucket}/{key}, no upload to {where}"[:300])
    if version is None:
        raise NoUpload(f"an event about s3://{bucket}/{key} that names no version of it"[:300])
    # A boolean is a number for Python.
    if type(size) is not int or size < 0:
        raise NoUpload(f"an event about s3://{bucket}/{key} that tells no size in bytes"[:300])
    return Upload(key, version, size)


def explain_passing_over(upload: Upload) -> str | None:
    """Returns why an upload cannot be a photo; None where it may be one."""
    if upload.key.endswith("/"):
        return "the marker of a folder"
    return None if upload.size else "an empty object"
