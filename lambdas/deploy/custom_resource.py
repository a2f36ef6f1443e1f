"""How CloudFormation asks for a custom resource, waits, and is answered.

What takes no longer than a function may run is answered at once. For a SageMaker job ``start_waiting`` starts
a state machine, so that no function runs, and is paid for, meanwhile; ``finish_waiting`` is its last step.
Whatever goes wrong is answered too: without an answer CloudFormation waits for an hour.

Protocol: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent as Request

from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.kept_models import keep, supersede

# In bytes, of which JSON may make twice as many. CloudFormation takes 4,096 in all.
LONGEST_REASON = 1500
ATTEMPTS = 4
ANSWER_SECONDS = 10
logger = Logger(use_rfc3339=True)
step_functions = boto3.client("stepfunctions")


@dataclass(frozen=True)
class EndedJob:
    """A job that was waited for.

    Attributes:
        name: Name of the job.
        model: Name of the model that the job made or evaluated, which is the resource's physical id.
        former: The resource's physical id before this deploy; empty at its creation.
        properties: Properties of the resource.
        failure: Why waiting for the job failed, if it did.
    """

    name: str
    model: str
    former: str
    properties: Mapping[str, Any]
    failure: str | None


def answer_at_once(
    event: dict[str, Any], resource_id: str, find: Callable[[Mapping[str, Any]], Mapping[str, str]]
) -> None:
    """Answers a request with the attributes that follow from the properties; a deletion with none."""
    request = Request(event)
    try:
        attributes = {} if request.request_type == "Delete" else find(request.resource_properties)
    except Exception as error:
        _answer_failure(request, resource_id, error)
    else:
        answer(request, status="SUCCESS", resource_id=resource_id, data=attributes)


def start_waiting(
    event: dict[str, Any],
    start: Callable[[Mapping[str, Any]], tuple[str, str]],
    stop: Callable[[str], object] | None = None,
) -> None:
    """Starts a job, and the state machine that waits for it; answers what needs no waiting.

    Args:
        event: A request of CloudFormation.
        start: Starts the job, or finds it, by the resource's properties; returns the names of job and model.
        stop: Stops what still runs for a resource that is deleted, by its physical id.
    """
    request = Request(event)
    properties = request.resource_properties
    resource_id = request.physical_resource_id or f"{properties['Name']}-not-started"
    try:
        if request.request_type == "Delete":
            # The model stays: an endpoint may still serve it, or the deploy may yet be rolled back to it.
            if stop is not None:
                stop(resource_id)
            answer(request, status="SUCCESS", resource_id=resource_id)
            return
        job, model = start(properties)
        deadline = time.time() + int(properties["MaxWaitSeconds"])
        waited_for = {"job": job, "model": model, "request": event, "deadline_ms": int(deadline * 1000)}
        # Lambda may deliver a request twice.
        with suppress(step_functions.exceptions.ExecutionAlreadyExists):
            step_functions.start_execution(
                stateMachineArn=os.environ["STATE_MACHINE_ARN"],
                name=request.request_id,
                input=json.dumps(waited_for),
            )
    except Exception as error:
        _answer_failure(request, resource_id, error)


def finish_waiting(event: dict[str, Any], accept: Callable[[EndedJob], Mapping[str, str]]) -> dict[str, str]:
    """Answers CloudFormation about a job that has ended, and marks the model that its model supersedes.

    Args:
        event: ``job``, ``model`` and ``request``, and ``failure`` where the waiting itself failed.
        accept: Returns the resource's attributes if the model may be deployed.

    Returns:
        ``Status`` and ``Reason`` of the answer, for the state machine.
    """
    request = Request(event["request"])
    model, former = event["model"], request.physical_resource_id
    properties = request.resource_properties
    try:
        attributes = accept(EndedJob(event["job"], model, former, properties, event.get("failure")))
    except Exception as error:
        return {"Status": "FAILED", "Reason": _answer_failure(request, former or model, error)}
    keep(properties["Bucket"], model)
    if former not in ("", model):
        supersede(properties["Bucket"], former)
    answer(request, status="SUCCESS", resource_id=model, data=attributes)
    return {"Status": "SUCCESS", "Reason": f"Validation accuracy {attributes['ValidationAccuracy']}"}


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


def _answer_failure(request: Request, resource_id: str, error: Exception) -> str:
    """Logs an error and answers it; returns its line, with its name where it was not written for the user."""
    foreseen = isinstance(error, ModelRefused)
    logger.error("The model is refused", exc_info=None if foreseen else error, extra={"reason": str(error)})
    reason = str(error) if foreseen else f"{type(error).__name__}: {error}"
    answer(request, status="FAILED", resource_id=resource_id, reason=reason)
    return reason


def _shorten(text: str) -> str:
    line = " ".join(re.sub(r"[\x00-\x1f]", " ", text).split()).encode(errors="replace")
    if len(line) <= LONGEST_REASON:
        return line.decode()
    return line[: LONGEST_REASON - 3].decode(errors="ignore") + "..."
