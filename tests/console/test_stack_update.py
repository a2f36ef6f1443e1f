"""Why the last update of a stack failed, out of its events."""

from typing import Any

import pytest

from console.stack_update import explain_last_failure
from evaluation.deployment import Deployment

STACK = "scones-endpoint"


def event(resource: str, status: str, reason: str = "") -> dict[str, str]:
    return {"LogicalResourceId": resource, "ResourceStatus": status, "ResourceStatusReason": reason}


# As CloudFormation lists them, the newest first.
ROLLED_BACK = [
    event(STACK, "UPDATE_ROLLBACK_COMPLETE"),
    event("Endpoint", "UPDATE_COMPLETE"),
    event(STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
    event("Instances", "CREATE_FAILED", "Resource creation cancelled"),
    event("ServedConfiguration", "UPDATE_FAILED", "Endpoint scones serves model old and not new"),
    event(STACK, "UPDATE_IN_PROGRESS", "User Initiated"),
    event("Model", "UPDATE_FAILED", "an earlier update's"),
]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("UPDATE_COMPLETE", None),
        ("CREATE_COMPLETE", None),
        ("UPDATE_IN_PROGRESS", None),
        ("UPDATE_ROLLBACK_COMPLETE", "ServedConfiguration: Endpoint scones serves model old and not new"),
        ("UPDATE_ROLLBACK_FAILED", "ServedConfiguration: Endpoint scones serves model old and not new"),
    ],
)
def test_the_reason_is_that_of_what_failed_first_in_the_last_update(
    status: str, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CloudFormation:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:
            return {"Stacks": [{"StackName": StackName, "StackStatus": status}]}

        def describe_stack_events(self, StackName: str) -> dict[str, Any]:
            return {"StackEvents": ROLLED_BACK}

    monkeypatch.setattr(Deployment, "client", lambda *_: CloudFormation())
    assert explain_last_failure(Deployment("scones"), "endpoint") == reason
