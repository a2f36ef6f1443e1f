"""Tells what belongs to a deployment: by its tag where it has one, by its name where it has none."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.deployment import Deployment

TAG = "project"
"""The tag that app.py puts on everything, with the deployment's name."""
STACKS = ("monitoring", "batch", "uploads", "workflow", "endpoint", "training", "storage")
"""The last parts of the stacks' names, in the order in which the stacks can go."""
DESCRIPTION = "Scones Unlimited"
"""How the descriptions of all stacks of this app begin."""
WORDS = (
    *STACKS,
    *("artifact", "dataset", "evaluation", "serverless", "threshold", "versions"),
    *("classify", "drift", "filter", "serialize", "upload", "watch"),
    *("alarms", "budget", "dead", "invocations", "no", "oldest", "photos", "throttles", "watching"),
)
"""What follows a deployment's name and a hyphen in the names of what it makes."""


@dataclass(frozen=True)
class Ownership:
    """Who owns what in one region.

    Attributes:
        name: The deployment's name.
        others: Names of other deployments, of which some may begin as this one's does.
        foreign: Names of stacks of somebody else, which begin the names of what CloudFormation made for them.
        tagged: The owner's name by the ARN of what is tagged.
    """

    name: str
    others: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()
    tagged: Mapping[str, str] = field(default_factory=dict)

    def owns(self, name: str, arn: str = "") -> bool:
        """Tells whether something of this name and ARN belongs to the deployment."""
        owner = self.tagged.get(arn)
        return self.owns_name(name) if owner is None else owner == self.name

    def owns_name(self, name: str) -> bool:
        """Tells whether a name is one that this deployment gives, and none of another one."""
        begin_so = f"{self.name}-"
        return (
            _gives(self.name, name)
            and not any(_gives(other, name) for other in self.others if other.startswith(begin_so))
            and not any(
                f"{name}-".startswith(f"{stack}-") for stack in self.foreign if stack.startswith(begin_so)
            )
        )


def read_ownership(deployment: Deployment) -> Ownership:
    """Asks which deployments there are, and for all tags.

    The Resource Groups Tagging API lists for a time what is gone: a tag tells the owner of what is there, and
    not that it is there.
    """
    api = deployment.client("resourcegroupstaggingapi")
    tagged = {
        found["ResourceARN"]: tag["Value"]
        for page in api.get_paginator("get_resources").paginate(TagFilters=[{"Key": TAG}])
        for found in page["ResourceTagMappingList"]
        for tag in found["Tags"]
        if tag["Key"] == TAG
    }
    stacks = _list_stacks(deployment.client("cloudformation"))
    ours = {stack["StackName"] for stack in stacks if _is_of_this_app(stack)}
    return Ownership(
        deployment.name,
        others=frozenset({*list_deployments(ours), *tagged.values()} - {deployment.name}),
        foreign=frozenset(stack["StackName"] for stack in stacks) - ours,
        tagged=tagged,
    )


def find_stacks(cloudformation: Any) -> dict[str, Any]:
    """Returns the stacks of all deployments of this app by their names."""
    return {stack["StackName"]: stack for stack in _list_stacks(cloudformation) if _is_of_this_app(stack)}


def list_deployments(stacks: Iterable[str]) -> set[str]:
    """Returns the names of the deployments that some stacks belong to."""
    split = (stack.rpartition("-") for stack in stacks)
    return {name for name, _, part in split if part in STACKS}


def _list_stacks(cloudformation: Any) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"]]


def _is_of_this_app(stack: Mapping[str, Any]) -> bool:
    """Tells whether a stack is one of this app's.

    One whose first change set was never executed, as of a deploy that was interrupted, has no description yet
    and holds nothing.
    """
    described = stack.get("Description", "")
    return described.startswith(DESCRIPTION) or (
        stack["StackStatus"] == "REVIEW_IN_PROGRESS" and not described
    )


def _gives(deployment: str, name: str) -> bool:
    """Tells whether a deployment of this name gives such a name; its jobs' have two hyphens."""
    # Of others it may be the value of anybody's tag.
    begin = re.escape(deployment)
    return re.fullmatch(rf"{begin}(--.+|-({'|'.join(WORDS)})(-.+)?)?", name) is not None
