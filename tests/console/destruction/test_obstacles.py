"""What an earlier deploy or destroy has left is told before the next one makes anything."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from console.destruction.obstacles import find_obstacles
from console.preflight.findings import NO, NOTE, Finding
from evaluation.deployment import Deployment

TEMPLATE = json.dumps(
    {"Description": "Scones Unlimited: a test", "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
)


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    """An account."""
    with mock_aws():
        yield


def look() -> list[Finding]:
    return list(find_obstacles(Deployment("scones")))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            "DELETE_FAILED",
            "aws cloudformation delete-stack --stack-name scones-workflow, and make deploy again",
        ),
        ("DELETE_IN_PROGRESS", "make deploy again once it is gone"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name scones-workflow, then"),
    ],
)
def test_a_stack_from_which_no_deploy_goes_on_is_a_line(
    monkeypatch: pytest.MonkeyPatch, status: str, told: str
) -> None:
    stacks = {"scones-workflow": {"StackStatus": status}, "scones-blue-batch": {"StackStatus": status}}
    monkeypatch.setattr("console.destruction.obstacles.find_stacks", lambda _: stacks)
    (found,) = look()
    assert (found.state, found.text) == (NO, f"scones-workflow is {status}")
    (way_out,) = found.ways_out
    assert told in way_out


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
def test_from_a_deploy_that_failed_the_next_goes_on(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    stacks = {"scones-storage": {"StackStatus": status}}
    monkeypatch.setattr("console.destruction.obstacles.find_stacks", lambda _: stacks)
    assert look() == []


def test_data_of_an_earlier_deploy_are_named_until_there_is_a_new_one() -> None:
    for bucket in ("scones-storage-bucket-1", "scones-blue-storage-bucket-1"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    (found,) = look()
    assert (found.state, found.ways_out) == (
        NOTE,
        ["to have them gone, python -m console destroy --data before it"],
    )
    assert "bucket scones-storage-bucket-1. " in found.text
    boto3.client("cloudformation").create_stack(StackName="scones-storage", TemplateBody=TEMPLATE)
    assert look() == []
