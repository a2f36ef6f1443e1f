"""Says before a deploy what an earlier deploy or destroy has left in its way."""

from collections.abc import Iterator

from console.destruction.ownership import STACKS, find_stacks
from console.destruction.remains import list_kept_data
from console.preflight.findings import NO, NOTE, Finding
from evaluation.deployment import Deployment
from lambdas.workflow import places

# From a creation that failed the CDK goes on by itself: it removes the stack and makes it anew.
WAYS_OUT = {
    # To destroy all takes the data of the other stacks, too.
    "DELETE_FAILED": "aws cloudformation delete-stack --stack-name {stack}, and make deploy again once it is "
    "gone",
    "DELETE_IN_PROGRESS": "make deploy again once it is gone",
    "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback --stack-name {stack}, then make "
    "deploy again",
}


def find_obstacles(deployment: Deployment) -> Iterator[Finding]:
    """Yields stacks from which no deploy goes on, and an earlier one's data, which the next will not use."""
    deployed = find_stacks(deployment.client("cloudformation"))
    for name in (f"{deployment.name}-{part}" for part in reversed(STACKS)):
        status = deployed.get(name, {}).get("StackStatus")
        if status in WAYS_OUT:
            yield Finding(NO, f"{name} is {status}", [WAYS_OUT[status].format(stack=name)])
    if f"{deployment.name}-storage" in deployed:
        return
    if kept := list_kept_data(deployment):
        named = ", ".join(f"{remain.what} {remain.name}" for remain in kept)
        yield Finding(
            NOTE,
            f"of an earlier deploy are there: {named}. This one makes new ones",
            [f"to have them gone, {places.name_console(deployment.name)} destroy --data before it"],
        )
