"""Starts executions: on an event, again on the input of another one, and on from where one failed."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.deployment import Deployment
from lambdas.workflow import event as workflow_event

UNEXPLAINED = "Step Functions says that it cannot be redriven"


class NotRedrivable(Exception):
    """The execution cannot go on from where it failed, or would only fail there again."""


def start_on_event(deployment: Deployment, event: object) -> str:
    """Starts the state machine on an event, under a new name; returns the execution's ARN.

    Raises:
        InvalidEvent: The workflow could not read the event, which would fail for it.
    """
    fields = workflow_event.read(event)
    workflow_event.read_location(fields)
    workflow_event.read_version(fields)
    workflow_event.check_room(fields)
    return start_anew(deployment, json.dumps(event, ensure_ascii=False))


def start_anew(deployment: Deployment, document: str) -> str:
    """Starts the state machine on an input in JSON, under a new name; returns the execution's ARN.

    What then becomes of the photo is kept if it is better than what is kept of it (docs/events.md).
    """
    started = deployment.client("stepfunctions").start_execution(
        stateMachineArn=deployment.state_machine,
        # With a name, a request that is sent again starts nothing twice.
        name=str(uuid.uuid4()),
        input=document,
    )
    return started["executionArn"]


def redrive(deployment: Deployment, arn: str) -> None:
    """Lets an execution that failed go on from the state in which it failed.

    Raises:
        NotRedrivable: Step Functions refuses, or it ended in a state whose purpose is to fail.
    """
    step_functions: Any = deployment.client("stepfunctions")
    newest = step_functions.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=2)["events"]
    for event in newest:
        if event["type"] == "FailStateEntered":
            raise NotRedrivable(_explain_fail_state(event["stateEnteredEventDetails"]["name"]))
    try:
        step_functions.redrive_execution(executionArn=arn)
    except step_functions.exceptions.ExecutionNotRedrivable as error:
        raise NotRedrivable(error.response["Error"].get("Message") or UNEXPLAINED) from None


def describe_redrive(
    described: Mapping[str, Any], states: Sequence[Mapping[str, Any]]
) -> dict[str, bool | str | None]:
    """Returns whether a redrive ``would_help``, or else, of what was unsuccessful, ``why_not``.

    Args:
        described: The answer of DescribeExecution.
        states: The states that it entered, from ``parse_states``.
    """
    if described["status"] in ("RUNNING", "PENDING_REDRIVE", "SUCCEEDED"):
        return {"would_help": False, "why_not": None}
    if states and states[-1]["kind"] == "Fail":
        return {"would_help": False, "why_not": _explain_fail_state(states[-1]["name"])}
    if described.get("redriveStatus") != "REDRIVABLE":
        return {"would_help": False, "why_not": described.get("redriveStatusReason") or UNEXPLAINED}
    return {"would_help": True, "why_not": None}


def _explain_fail_state(name: str) -> str:
    return f"A redrive would end in “{name}” again"
