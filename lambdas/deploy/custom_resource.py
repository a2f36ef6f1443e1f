"""How CloudFormation asks for a custom resource, waits, and is answered.

What takes no longer than a function may run is answered at once. For a SageMaker job a state machine waits,
so that no function runs, and is paid for, meanwhile. Whatever goes wrong is answered too: without an answer
CloudFormation waits for an hour.

Protocol: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent as Request
from botocore.exceptions import ClientError

from lambdas.deploy.gate import ModelRefused
from lambdas.workflow.errors import EndpointAccessDenied

# In bytes, of which JSON may make twice as many. CloudFormation takes 4,096 in all.
LONGEST_REASON = 1500
ATTEMPTS = 4
ANSWER_SECONDS = 10
# A permission that the same deploy has made a moment ago is known to all of AWS within a minute.
PERMISSION_ATTEMPTS = 12
PERMISSION_PAUSE_SECONDS = 5
logger = Logger(use_rfc3339=True)
step_functions = boto3.client("stepfunctions")

Result = TypeVar("Result")


def answer_at_once(
    event: dict[str, Any], resource_id: str, find: Callable[[Mapping[str, Any]], Mapping[str, str]]
) -> None:
    """Answers a request with the attributes that follow from the properties; a deletion with none."""
    request = Request(event)
    try:
        if request.request_type == "Delete":
            attributes: Mapping[str, str] = {}
        else:
            attributes = try_patiently(lambda: find(request.resource_properties))
    except Exception as error:
        answer_failure(request, resource_id, error)
    else:
        answer(request, status="SUCCESS", resource_id=resource_id, data=attributes)


def try_patiently(work: Callable[[], Result]) -> Result:
    """Returns what some work returns; tries it again for a minute while IAM refuses it."""
    for _ in range(PERMISSION_ATTEMPTS - 1):
        try:
            return work()
        except Exception as error:
            if not _is_refused_by_iam(error):
                raise
            logger.info("IAM refuses, perhaps not for long", extra={"error": str(error)})
        time.sleep(PERMISSION_PAUSE_SECONDS)
    return work()


def start_waiting(request: Request, waited_for: Mapping[str, Any]) -> None:
    """Starts an execution of the state machine that waits, with the request beside what it waits for."""
    # Lambda may deliver a request twice.
    with suppress(step_functions.exceptions.ExecutionAlreadyExists):
        step_functions.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=request.request_id,
            input=json.dumps({**waited_for, "request": request.raw_event}),
        )


def end_waiting(properties: Mapping[str, Any]) -> None:
    """Ends the executions that wait for a resource of these properties."""
    pages = step_functions.get_paginator("list_executions").paginate(
        stateMachineArn=os.environ["STATE_MACHINE_ARN"], statusFilter="RUNNING"
    )
    for execution in [execution for page in pages for execution in page["executions"]]:
        arn = execution["executionArn"]
        waited_for = json.loads(step_functions.describe_execution(executionArn=arn)["input"])
        # One that somebody has started by hand may have been told anything.
        if waited_for.get("request", {}).get("ResourceProperties") != properties:
            continue
        try:
            step_functions.stop_execution(executionArn=arn, cause="CloudFormation wants it no more")
        except ClientError:
            # It may have ended by itself meanwhile.
            if is_waiting(arn):
                raise


def is_waiting(execution_arn: str) -> bool:
    """Returns whether an execution has not been ended."""
    return step_functions.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"


def answer(
    request: Request,
    *,
    status: str,
    resource_id: str,
    reason: str = "",
    data: Mapping[str, str] | None = None,
) -> None:
    """Answers a request: puts JSON to the address that came with it.

    Args:
        request: The request.
        status: ``SUCCESS`` or ``FAILED``.
        resource_id: Physical id of the resource.
        reason: What failed, for the person who deploys; made one line.
        data: Attributes of the resource.

    Raises:
        OSError: The address does not take the answer.
    """
    body = {
        "Status": status,
        "Reason": _shorten(reason),
        "PhysicalResourceId": resource_id,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_resource_id,
        "Data": dict(data or {}),
    }
    put = urllib.request.Request(  # noqa: S310, CloudFormation gave the address
        request.response_url,
        data=json.dumps(body, ensure_ascii=False).encode(),
        method="PUT",
        # The address is signed for a request without a content type.
        headers={"Content-Type": ""},
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(put, timeout=ANSWER_SECONDS):  # noqa: S310, as above
                return
        except OSError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(attempt)


def answer_failure(request: Request, resource_id: str, error: Exception) -> str:
    """Answers that a request failed; returns the line that says why."""
    reason = describe_failure(error)
    answer(request, status="FAILED", resource_id=resource_id, reason=reason)
    return reason


def describe_failure(error: Exception) -> str:
    """Logs an error; returns its line, with its name where it was not written for the user."""
    foreseen = isinstance(error, ModelRefused)
    logger.error("The request failed", exc_info=None if foreseen else error, extra={"reason": str(error)})
    return str(error) if foreseen else f"{type(error).__name__}: {error}"


def _is_refused_by_iam(error: BaseException) -> bool:
    """Tells whether an error, or the one it was made of, may be gone once IAM knows a new permission."""
    cause = error if isinstance(error, ClientError) else error.__cause__
    if not isinstance(cause, ClientError):
        return isinstance(error, EndpointAccessDenied)
    refusal = cause.response["Error"]
    code = refusal.get("Code", "")
    # An answer to HEAD has no body that would name its code; SageMaker calls a role that it cannot assume
    # yet a fault of the request.
    return code in ("AccessDenied", "AccessDeniedException", "403") or (
        code == "ValidationException" and "assume" in refusal.get("Message", "").lower()
    )


def _shorten(text: str) -> str:
    line = " ".join(re.sub(r"[\x00-\x1f]", " ", text).split()).encode(errors="replace")
    if len(line) <= LONGEST_REASON:
        return line.decode()
    return line[: LONGEST_REASON - 3].decode(errors="ignore") + "..."
