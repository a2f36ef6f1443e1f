"""Takes away all that a deploy made, whatever the settings are by now, and proves that nothing is left."""

import argparse
import time
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from console.destruction.ownership import STACKS, find_stacks, list_deployments, read_ownership
from console.destruction.remains import Remain, list_remains
from console.destruction.removal import remove_data, remove_logs
from evaluation.deployment import Deployment, EvaluationError
from lambdas.workflow import places

WAITING = {"Delay": 2, "MaxAttempts": 1800}
PATIENCE_SECONDS = 180.0
"""How long AWS may go on to list what it has removed, as queues for a minute."""
SECONDS_BETWEEN_LOOKS = 5.0


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "destroy",
        help="take away all that a deploy made",
        description="Removes the stacks of a deployment and the logs that AWS made of it, then looks in "
        "every service for what is left. Exit status 1 if anything is, but for bucket and table of outcomes: "
        "they stay with their data where remove_data_on_destroy was false. It can be run again at any time.",
    )
    parser.add_argument(
        "--data",
        action="store_true",
        help="take away the bucket and the table of outcomes as well, with all that is in them",
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Deletes the deployment's stacks and the rest, and names it; where there is nothing, says so.

    Raises:
        EvaluationError: CloudFormation could not delete a stack, or something is left.
    """
    cloudformation = deployment.client("cloudformation")
    here = f"in {cloudformation.meta.region_name}"
    deployed = find_stacks(cloudformation)
    removed = [name for part in STACKS if (name := f"{deployment.name}-{part}") in deployed]
    for name in removed:
        print(f"Removing {name}", flush=True)
        _delete(cloudformation, deployed[name], name)
    removed += remove_logs(deployment, read_ownership(deployment))
    if options.data:
        removed += remove_data(deployment, list_remains(deployment))
    left = _wait_until_gone(deployment)
    if removed:
        print(f"Removed {here}: {', '.join(removed)}")
    if not left:
        print(f"Nothing of '{deployment.name}' is {'left' if removed else 'deployed'} {here}")
    for other in sorted(list_deployments(deployed) - {deployment.name}):
        print(f"'{other}' is deployed {here} too: make destroy NAME={other}")
    return _tell_remains(deployment, left, here)


def _delete(cloudformation: Any, stack: dict[str, Any], name: str) -> None:
    try:
        cloudformation.delete_stack(StackName=stack["StackId"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        # CloudFormation deletes none in the midst of an update.
        reason = error.response["Error"]["Message"]
        raise EvaluationError(f"{name} is not removed ({reason}): make destroy again in a while") from None
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=stack["StackId"], WaiterConfig=WAITING
        )
    except WaiterError:
        events = cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if event["ResourceStatus"] == "DELETE_FAILED" and event["LogicalResourceId"] != name
        ]
        reason = reasons[0] if reasons else "it takes too long, see the CloudFormation console"
        raise EvaluationError(f"{name} is not removed ({reason}): make destroy again") from None


def _wait_until_gone(deployment: Deployment) -> list[Remain]:
    """Returns what is left once only data are, or after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    told = False
    while True:
        left = list_remains(deployment)
        going = [remain for remain in left if remain.may_go]
        if not going or time.monotonic() > deadline:
            return left
        if not told:
            told = True
            print(f"Waiting for AWS to remove the {going[0].what} {going[0].name}", flush=True)
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _tell_remains(deployment: Deployment, left: list[Remain], here: str) -> int:
    data = [remain for remain in left if remain.is_data]
    others = [remain for remain in left if not remain.is_data]
    if data:
        named = ", ".join(f"{remain.what} {remain.name}" for remain in data)
        print(
            f"With their data stay, as remove_data_on_destroy was false: {named}. "
            f"{places.name_console(deployment.name)} destroy --data removes them"
        )
    for remain in others:
        print(f"Left: {remain.what} {remain.name}: {remain.removal}")
    if others:
        raise EvaluationError(f"{len(others)} of '{deployment.name}' are left {here}: see the lines above")
    return 0
