"""Starts the state machine for uploaded photos, of which S3 tells through EventBridge and a queue.

A message that starts nothing for good, or not now, comes again; SQS puts what came too often into the
dead-letter queue. What was started already is done, so that it does not matter how often a message comes.
"""

import json
import os
from functools import partial
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.workflow import places
from lambdas.workflow.execution import start_execution
from lambdas.workflow.invocation import logger

BUCKET = os.environ["BUCKET"]
STATE_MACHINE = os.environ["STATE_MACHINE_ARN"]
DETAIL_TYPE = "Object Created"

step_functions = boto3.client(
    "stepfunctions", config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 3})
)


class Upload(NamedTuple):
    """One version of an object that was put under ``incoming/``."""

    key: str
    version: str
    size: int


class NoUpload(Exception):
    """A message does not tell of an upload to this deployment; the message says what it is instead."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Returns which messages of the queue have to come again, in the form of SQS's partial batch answers."""
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    start = partial(start_execution, step_functions, STATE_MACHINE, BUCKET)
    failed = []
    for message in event["Records"]:
        try:
            upload = read_upload(message["body"])
            if reason := explain_passing_over(upload):
                logger.info(f"Passed over: {reason}", s3_key=upload.key, s3_version=upload.version)
                continue
            logger.info("Started", execution_id=start(upload.key, upload.version), s3_key=upload.key)
        except (NoUpload, ClientError, BotoCoreError) as error:
            logger.error(f"Not started: {error}", message_id=message["messageId"], error=type(error).__name__)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def read_upload(body: str) -> Upload:
    """Returns the upload that a message tells of.

    Args:
        body: EventBridge's event of S3, as JSON.

    Raises:
        NoUpload: It tells of something else.
    """
    try:
        event = json.loads(body)
        told = (event["source"], event["detail-type"])
        bucket, found = event["detail"]["bucket"]["name"], event["detail"]["object"]
        key, size, version = found["key"], found["size"], found["version-id"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise NoUpload(f"no event of S3 about one version of an object ({type(error).__name__})") from None
    if not (isinstance(key, str) and isinstance(version, str) and isinstance(size, int)):
        raise NoUpload("an event of S3 whose key, version or size is of another kind")
    if told != ("aws.s3", DETAIL_TYPE) or bucket != BUCKET or not key.startswith(places.INCOMING):
        raise NoUpload(
            f"an event about s3://{bucket}/{key}, no upload to s3://{BUCKET}/{places.INCOMING}"[:300]
        )
    return Upload(key, version, size)


def explain_passing_over(upload: Upload) -> str | None:
    """Returns why an upload cannot be a photo; None where it may be one."""
    if upload.key.endswith("/"):
        return "the marker of a folder"
    return None if upload.size else "an empty object"
