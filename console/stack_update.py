"""Updates a stack by its parameters alone, with the template that it has: no source, no CDK, no other stack.

What the parameters of Parameter Store lead to is looked up anew, as at each deploy.
"""

import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from evaluation.deployment import Deployment, EvaluationError, NotDeployed

POLL_SECONDS = 2
UNCHANGED = "No updates are to be performed"


class UpdateFailed(EvaluationError):
    """An update of a stack was begun and has failed; the message has CloudFormation's reason."""


def update_stack(deployment: Deployment, part: str, parameters: Mapping[str, str]) -> bool:
    """Updates one of a deployment's stacks and waits for it.

    Args:
        deployment: The deployment.
        part: The stack's name without the deployment's, such as ``endpoint``.
        parameters: The values that change; every other parameter keeps its own.

    Returns:
        Whether anything had to be changed.

    Raises:
        NotDeployed: There is no such stack, or its template is of a version without one of the parameters.
        EvaluationError: Another update is under way.
        UpdateFailed: CloudFormation could not do it; the stack is as it was.
    """
    if not begin_update(deployment, part, parameters):
        return False
    finish_update(deployment, part)
    return True


def begin_update(deployment: Deployment, part: str, parameters: Mapping[str, str]) -> bool:
    """Begins what ``update_stack`` does; returns whether anything has to be changed.

    Raises:
        NotDeployed: There is no such stack, or its template is of a version without one of the parameters.
        EvaluationError: Another update is under way.
    """
    cloudformation = deployment.client("cloudformation")
    name = f"{deployment.name}-{part}"
    stack = _describe(cloudformation, name)
    kept = {parameter["ParameterKey"] for parameter in stack.get("Parameters", [])}
    if unknown := sorted(set(parameters) - kept):
        raise NotDeployed(f"{name} has no parameter {unknown[0]} yet: run make deploy")
    if stack["StackStatus"].endswith("_IN_PROGRESS"):
        raise EvaluationError(f"{name} is {stack['StackStatus']}: wait until that has ended, then try again")
    try:
        cloudformation.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": parameters[key]}
                if key in parameters
                else {"ParameterKey": key, "UsePreviousValue": True}
                for key in sorted(kept)
            ],
        )
    except ClientError as error:
        if UNCHANGED in error.response["Error"].get("Message", ""):
            return False
        raise
    return True


def finish_update(deployment: Deployment, part: str) -> None:
    """Waits for an update that was begun.

    Raises:
        UpdateFailed: CloudFormation could not do it; the stack is as it was.
    """
    cloudformation = deployment.client("cloudformation")
    name = f"{deployment.name}-{part}"
    while (status := _describe(cloudformation, name)["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(POLL_SECONDS)
    if status != "UPDATE_COMPLETE":
        raise UpdateFailed(f"{name} is {status}: {_find_reason(cloudformation, name)}")


def read_stack_parameter(deployment: Deployment, part: str, parameter: str) -> str:
    """Returns the value that one of a stack's parameters has.

    Raises:
        NotDeployed: There is no such stack, or its template is of a version without this parameter.
    """
    name = f"{deployment.name}-{part}"
    stack = _describe(deployment.client("cloudformation"), name)
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    if parameter not in values:
        raise NotDeployed(f"{name} has no parameter {parameter} yet: run make deploy")
    return str(values[parameter])


def describe_stack(deployment: Deployment, part: str) -> dict[str, Any]:
    """Returns what CloudFormation tells of one of a deployment's stacks.

    Raises:
        NotDeployed: There is no such stack.
    """
    return _describe(deployment.client("cloudformation"), f"{deployment.name}-{part}")


def explain_last_failure(deployment: Deployment, part: str) -> str | None:
    """Returns why the last update of a stack failed, in a line; None if it did not."""
    status = describe_stack(deployment, part)["StackStatus"]
    if not status.endswith(("_FAILED", "ROLLBACK_COMPLETE")):
        return None
    return _find_reason(deployment.client("cloudformation"), f"{deployment.name}-{part}")


def _describe(cloudformation: Any, name: str) -> dict[str, Any]:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise NotDeployed(f"There is no stack {name}: run make deploy, or make demo here") from None


def _find_reason(cloudformation: Any, name: str) -> str:
    """Returns why the last update of a stack failed: the first resource that did."""
    reason = "see its events in the CloudFormation console"
    for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
        if event["LogicalResourceId"] == name and event["ResourceStatus"] == "UPDATE_IN_PROGRESS":
            break
        told = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in told.lower():
            reason = f"{event['LogicalResourceId']}: {told}"
    return reason
