"""Takes away all that a deploy made, whatever the settings are by now, and says what that was."""

import argparse
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from evaluation.deployment import Deployment, EvaluationError

# In the order in which they can go.
STACKS = ("uploads", "workflow", "endpoint", "training", "storage")
DESCRIPTION = "Scones Unlimited"
WAITING = {"Delay": 2, "MaxAttempts": 1800}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser("destroy", help="take away all that a deploy made")
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Deletes the deployment's stacks, and names them; where there are none, says so.

    Raises:
        EvaluationError: CloudFormation could not delete one.
    """
    cloudformation = deployment.client("cloudformation")
    here = f"in {cloudformation.meta.region_name}"
    deployed = _find_stacks(cloudformation)
    removed = [name for part in STACKS if (name := f"{deployment.name}-{part}") in deployed]
    bucket = _find_bucket(deployed.get(f"{deployment.name}-storage"))
    for name in removed:
        print(f"Removing {name}", flush=True)
        _delete(cloudformation, deployed[name]["StackId"], name)
    if removed:
        print(f"Removed {here}: {', '.join(removed)}")
    else:
        print(f"Nothing of '{deployment.name}' is deployed {here}")
    if bucket is not None and _is_there(deployment.client("s3"), bucket):
        print(
            f"The bucket {bucket} and the table of outcomes stay with their data: "
            "remove_data_on_destroy was false"
        )
    others = [name.removesuffix("-storage") for name in deployed if name.endswith("-storage")]
    for other in sorted(set(others) - {deployment.name}):
        print(f"'{other}' is deployed {here} too: make destroy NAME={other}")
    return 0


def _find_stacks(cloudformation: Any) -> dict[str, Any]:
    """Returns the stacks of all deployments of this app by their names."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    return {
        stack["StackName"]: stack for stack in stacks if stack.get("Description", "").startswith(DESCRIPTION)
    }


def _delete(cloudformation: Any, stack_id: str, name: str) -> None:
    cloudformation.delete_stack(StackName=stack_id)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig=WAITING)
    except WaiterError:
        events = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if event["ResourceStatus"] == "DELETE_FAILED" and event["LogicalResourceId"] != name
        ]
        reason = reasons[0] if reasons else "it takes too long, see the CloudFormation console"
        raise EvaluationError(f"{name} is not removed ({reason}): make destroy again") from None


def _find_bucket(storage: dict[str, Any] | None) -> str | None:
    outputs = (storage or {}).get("Outputs", [])
    return next((output["OutputValue"] for output in outputs if output["OutputKey"] == "BucketName"), None)


def _is_there(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        return False
    return True
