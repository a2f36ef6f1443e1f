"""What `python -m console destroy` takes away, and what it says of it."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError
from moto import mock_aws

from console.__main__ import main
from console.commands import destroy
from stacks.configuration.settings import read_name

PARTS = ("storage", "training", "endpoint", "workflow", "uploads")


@pytest.fixture
def cloudformation() -> Iterator[Any]:
    """An account in which nothing is deployed yet."""
    with mock_aws():
        yield boto3.client("cloudformation")


def deploy(
    cloudformation: Any, name: str, *parts: str, description: str = "Scones Unlimited: a test"
) -> None:
    """Makes stacks of a deployment; that of storage has a bucket."""
    for part in parts:
        bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-bucket"}}
        queue = {"Type": "AWS::SQS::Queue"}
        template = {
            "Description": description,
            "Resources": {"Resource": bucket if part == "storage" else queue},
            "Outputs": {"BucketName": {"Value": {"Ref": "Resource"}}} if part == "storage" else {},
        }
        cloudformation.create_stack(StackName=f"{name}-{part}", TemplateBody=json.dumps(template))


def stacks(cloudformation: Any) -> set[str]:
    return {stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]}


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_settings_that_are_refused_by_now_keep_nothing_from_being_removed(
    cloudformation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cdk.json"
    file.write_text(
        json.dumps({"context": {"scones": {"name": "blue", "training_max_seconds": 9e9, "x": 1}}})
    )
    monkeypatch.setattr("console.__main__.read_name", partial(read_name, file))
    deploy(cloudformation, "blue", *PARTS)
    assert main(["destroy"]) == 0
    assert stacks(cloudformation) == set()


def test_all_stacks_of_the_deployment_go_the_last_first(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(cloudformation, "scones", *PARTS)
    assert main(["destroy"]) == 0
    assert stacks(cloudformation) == set()
    assert said(capsys) == [
        "Removing scones-uploads",
        "Removing scones-workflow",
        "Removing scones-endpoint",
        "Removing scones-training",
        "Removing scones-storage",
        f"Removed in us-east-1: {', '.join(f'scones-{part}' for part in reversed(PARTS))}",
    ]


def test_what_a_deploy_has_left_unfinished_goes_as_well(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(cloudformation, "scones", "storage")
    assert main(["destroy"]) == 0
    assert said(capsys)[-1] == "Removed in us-east-1: scones-storage"


def test_other_deployments_stay_and_are_named(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(cloudformation, "scones", *PARTS)
    deploy(cloudformation, "scones-blue", *PARTS)
    deploy(cloudformation, "photos", "storage", description="of somebody else")
    assert main(["destroy"]) == 0
    assert stacks(cloudformation) == {*(f"scones-blue-{part}" for part in PARTS), "photos-storage"}
    assert said(capsys)[-1] == "'scones-blue' is deployed in us-east-1 too: make destroy NAME=scones-blue"
    assert main(["--name", "scones-blue", "destroy"]) == 0
    assert stacks(cloudformation) == {"photos-storage"}


@pytest.mark.usefixtures("cloudformation")
def test_nothing_deployed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "blue", "destroy"]) == 0
    assert said(capsys) == ["Nothing of 'blue' is deployed in us-east-1"]


def test_stacks_of_somebody_else_with_such_a_name_are_left_alone(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(cloudformation, "scones", *PARTS, description="of somebody else")
    assert main(["destroy"]) == 0
    assert len(stacks(cloudformation)) == len(PARTS)
    assert said(capsys) == ["Nothing of 'scones' is deployed in us-east-1"]


def test_a_bucket_that_stays_is_named(
    cloudformation: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cloudformation, "scones", "storage")
    # As with a bucket whose policy is to be retained.
    monkeypatch.setattr(destroy, "_delete", lambda *_: None)
    assert main(["destroy"]) == 0
    assert said(capsys)[-1].startswith(
        "The bucket scones-bucket and the table of outcomes stay with their data"
    )


def test_a_stack_that_cannot_be_deleted_is_a_line_with_the_reason(
    cloudformation: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cloudformation, "scones", "storage")
    events = [
        {"LogicalResourceId": "scones-storage", "ResourceStatus": "DELETE_FAILED"},
        {
            "LogicalResourceId": "Bucket",
            "ResourceStatus": "DELETE_FAILED",
            "ResourceStatusReason": "it is not empty",
        },
    ]

    class Failing:
        def __getattr__(self, name: str) -> Any:
            return getattr(cloudformation, name)

        def get_waiter(self, _: str) -> "Failing":
            return self

        def wait(self, **_: Any) -> None:
            raise WaiterError("StackDeleteComplete", "failed", {})

        def describe_stack_events(self, **_: Any) -> dict[str, Any]:
            return {"StackEvents": events}

    monkeypatch.setattr("evaluation.deployment.Deployment.client", lambda *_: Failing())
    assert main(["destroy"]) == 1
    assert capsys.readouterr().err == (
        "console: scones-storage is not removed (Bucket: it is not empty): make destroy again\n"
    )
