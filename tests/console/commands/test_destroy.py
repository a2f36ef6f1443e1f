"""What `python -m console destroy` takes away, and what it says of it."""

import json
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from moto import mock_aws

from console.__main__ import main
from console.commands import destroy
from evaluation.deployment import Deployment
from stacks.configuration.settings import read_name


@cache
def read_models_once() -> boto3.Session:
    return boto3.session.Session()


PARTS = ("storage", "training", "endpoint", "workflow", "uploads", "batch", "monitoring")


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account in which nothing is deployed yet, and whose lists are always up to date."""
    monkeypatch.setattr(destroy, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(destroy, "SECONDS_BETWEEN_LOOKS", 0)
    # Each session reads the models of twenty services anew.
    monkeypatch.setattr("evaluation.deployment.boto3.Session", read_models_once)
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
        "Removing scones-monitoring",
        "Removing scones-batch",
        "Removing scones-uploads",
        "Removing scones-workflow",
        "Removing scones-endpoint",
        "Removing scones-training",
        "Removing scones-storage",
        f"Removed in us-east-1: {', '.join(f'scones-{part}' for part in reversed(PARTS))}",
        "Nothing of 'scones' is left in us-east-1",
    ]


def test_what_a_deploy_has_left_unfinished_goes_as_well(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(cloudformation, "scones", "storage")
    assert main(["destroy"]) == 0
    assert "Removed in us-east-1: scones-storage" in said(capsys)


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


def test_data_that_stay_are_named_and_go_when_that_is_asked_for(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = boto3.client("s3")
    deploy(cloudformation, "scones", "storage")
    # As CloudFormation leaves a bucket whose policy is to be retained.
    s3.create_bucket(Bucket="scones-storage-bucket-1")
    s3.put_bucket_tagging(
        Bucket="scones-storage-bucket-1", Tagging={"TagSet": [{"Key": "project", "Value": "scones"}]}
    )
    s3.put_bucket_versioning(Bucket="scones-storage-bucket-1", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket="scones-storage-bucket-1", Key="a", Body=b"a")
    s3.delete_object(Bucket="scones-storage-bucket-1", Key="a")
    assert main(["destroy"]) == 0
    assert said(capsys)[-1] == (
        "With their data stay, as remove_data_on_destroy was false: bucket scones-storage-bucket-1. "
        "python -m console destroy --data removes them"
    )
    assert main(["destroy", "--data"]) == 0
    assert s3.list_buckets()["Buckets"] == []
    assert said(capsys) == [
        "Removed in us-east-1: scones-storage-bucket-1",
        "Nothing of 'scones' is left in us-east-1",
    ]


def test_data_without_the_deployment_s_tag_are_nobody_s_to_remove(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("s3").create_bucket(Bucket="scones-storage-of-flour")
    assert main(["destroy", "--data"]) == 1
    assert "scones-storage-of-flour has no tag project=scones" in capsys.readouterr().err
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == [
        "scones-storage-of-flour"
    ]


def test_data_of_another_name_that_bear_the_tag_are_named_and_stay(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tags: list[Any] = [{"Key": "project", "Value": "scones"}]
    s3 = boto3.client("s3")
    for name in ("accounts-of-ten-years", "scones-storage-bucket-1"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    assert main(["destroy", "--data"]) == 1
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["accounts-of-ten-years"]
    assert said(capsys) == [
        "Removed in us-east-1: scones-storage-bucket-1",
        "Left: bucket with its tag accounts-of-ten-years: take its tag away, or remove it by hand",
    ]


@pytest.mark.usefixtures("cloudformation")
def test_data_of_a_long_name_go_though_cloudformation_has_shortened_it() -> None:
    name = "scones-of-all-the-bakeries-of-us"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=f"{name[:24]}-bucket83908e77-1x2")
    s3.put_bucket_tagging(
        Bucket=f"{name[:24]}-bucket83908e77-1x2", Tagging={"TagSet": [{"Key": "project", "Value": name}]}
    )
    assert main(["--name", name, "destroy", "--data"]) == 0
    assert s3.list_buckets()["Buckets"] == []


@pytest.mark.usefixtures("cloudformation")
def test_an_alarm_of_autoscaling_that_stayed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("scones", "muffins"):
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=f"TargetTracking-endpoint/{name}/variant/bicycle-AlarmHigh-1",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="InvocationsPerInstance",
            Namespace="AWS/SageMaker",
            Period=60,
            Statistic="Sum",
            Threshold=1,
        )
    assert main(["destroy"]) == 1
    alarm = "TargetTracking-endpoint/scones/variant/bicycle-AlarmHigh-1"
    left = [line for line in said(capsys) if line.startswith("Left: ")]
    assert left == [f"Left: alarm {alarm}: aws cloudwatch delete-alarms --alarm-names {alarm}"]


def test_what_is_left_fails_it_with_a_line_for_each(
    cloudformation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(cloudformation, "scones", "storage")
    boto3.client("sqs").create_queue(QueueName="scones-uploads")
    boto3.client("logs").create_log_group(logGroupName="/aws/lambda/scones-serialize")
    assert main(["destroy"]) == 1
    printed = capsys.readouterr()
    left = [line for line in printed.out.splitlines() if line.startswith("Left: ")]
    assert left == [
        "Left: queue https://sqs.us-east-1.amazonaws.com/123456789012/scones-uploads: aws sqs delete-queue "
        "--queue-url https://sqs.us-east-1.amazonaws.com/123456789012/scones-uploads",
        "Left: log group /aws/lambda/scones-serialize: aws logs delete-log-group --log-group-name "
        "/aws/lambda/scones-serialize",
    ]
    assert printed.err == "console: 2 of 'scones' are left in us-east-1: see the lines above\n"


def test_what_may_not_be_listed_hides_nothing_else_and_is_a_line_that_nobody_waits_for(
    cloudformation: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Denied:
        def get_paginator(self, operation: str) -> "Denied":
            return self

        def paginate(self, **_: Any) -> Any:
            answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(answer, "DescribeBudgets")

    make_client = Deployment.client
    monkeypatch.setattr(
        "evaluation.deployment.Deployment.client",
        lambda deployment, service: Denied() if service == "budgets" else make_client(deployment, service),
    )
    line = (
        "Left: perhaps a budget, for none may be listed (DescribeBudgets: AccessDeniedException): have that "
        "allowed, then make destroy again"
    )
    boto3.client("sns").create_topic(Name="scones-alarms")
    assert main(["destroy"]) == 1
    arn = "arn:aws:sns:us-east-1:123456789012:scones-alarms"
    assert said(capsys)[-2:] == [f"Left: topic {arn}: aws sns delete-topic --topic-arn {arn}", line]
    boto3.client("sns").delete_topic(TopicArn=arn)
    monkeypatch.setattr(destroy, "PATIENCE_SECONDS", 60)
    monkeypatch.setattr(destroy.time, "sleep", lambda _: pytest.fail("it waits"))
    assert main(["destroy"]) == 1
    assert said(capsys)[-1] == line


def test_what_aws_lists_for_a_while_is_waited_for(
    cloudformation: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="scones-uploads")["QueueUrl"]
    monkeypatch.setattr(destroy, "PATIENCE_SECONDS", 60)
    monkeypatch.setattr(destroy.time, "sleep", lambda _: sqs.delete_queue(QueueUrl=url))
    assert main(["destroy"]) == 0
    assert said(capsys)[0] == f"Waiting for AWS to remove the queue {url}"


def test_a_stack_in_the_midst_of_an_update_is_a_line(
    cloudformation: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cloudformation, "scones", "storage")
    answer: Any = {"Error": {"Code": "ValidationError", "Message": "it is UPDATE_IN_PROGRESS"}}

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(cloudformation, name)

        def delete_stack(self, **_: Any) -> None:
            raise ClientError(answer, "DeleteStack")

    monkeypatch.setattr("evaluation.deployment.Deployment.client", lambda *_: Busy())
    assert main(["destroy"]) == 1
    assert capsys.readouterr().err == (
        "console: scones-storage is not removed (it is UPDATE_IN_PROGRESS): make destroy again in a while\n"
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
