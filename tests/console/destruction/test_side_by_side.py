"""Of two deployments side by side, whose names begin alike, one is destroyed and the other is as it was."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.__main__ import main
from console.commands import destroy
from console.destruction.ownership import STACKS
from console.destruction.remains import list_remains
from evaluation.deployment import Deployment

NAMES = ("scones", "scones-blue")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@cache
def read_models_once() -> boto3.Session:
    """Returns one session for all tests."""
    return boto3.session.Session()


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with what two deployments leave in services, beside their stacks."""
    monkeypatch.setattr(destroy, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(destroy, "SECONDS_BETWEEN_LOOKS", 0)
    # Each session reads the models of twenty services anew.
    monkeypatch.setattr("evaluation.deployment.boto3.Session", read_models_once)
    with mock_aws():
        for name in NAMES:
            make(name)
        yield


def make(name: str) -> None:
    """Makes the stacks, and what lies beside them."""
    queue = {"Type": "AWS::SQS::Queue"}
    template = json.dumps({"Description": "Scones Unlimited: a test", "Resources": {"Queue": queue}})
    for part in reversed(STACKS):
        boto3.client("cloudformation").create_stack(StackName=f"{name}-{part}", TemplateBody=template)
    logs = boto3.client("logs")
    for group in (f"/aws/sagemaker/Endpoints/{name}", f"/aws/lambda/{name}-storage-CustomS3AutoDelete-1"):
        logs.create_log_group(logGroupName=group)
    for group in ("/aws/sagemaker/TrainingJobs", "/aws/sagemaker/TransformJobs"):
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=f"{name}--1a2b/algo-1")


def make_remains(name: str) -> None:
    """Makes one of each kind that a stack could have left."""
    tags: list[Any] = [{"Key": "project", "Value": name}]
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=f"{name}-storage-bucket-1")
    s3.put_bucket_tagging(Bucket=f"{name}-storage-bucket-1", Tagging={"TagSet": tags})
    boto3.client("dynamodb").create_table(
        TableName=f"{name}-storage-Outcomes-1",
        KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "photo", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=tags,
    )
    boto3.client("ssm").put_parameter(Name=f"/{name}/bucket", Value="b", Type="String")
    boto3.client("sns").create_topic(Name=f"{name}-alarms")
    boto3.client("events").put_rule(Name=f"{name}-uploads", ScheduleExpression="rate(1 day)")
    role = boto3.client("iam").create_role(
        RoleName=f"{name}-training-Role-1", AssumeRolePolicyDocument=TRUST
    )["Role"]["Arn"]
    boto3.client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
        roleArn=role,
    )
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
    cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-photos-failed",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="PhotosFailed",
        Namespace="SconesUnlimited",
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )
    # CloudFormation names models without the stack's name: the tag alone tells whose one is.
    boto3.client("sagemaker").create_model(
        ModelName=f"Model-{len(name)}", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"}, Tags=tags
    )
    key = boto3.client("kms").create_key(Tags=[{"TagKey": "project", "TagValue": name}])
    assert key["KeyMetadata"]["Enabled"]


def look(name: str) -> list[tuple[str, str]]:
    """Returns kind and name of all that is there of a deployment."""
    return sorted((remain.what, remain.name) for remain in list_remains(Deployment(name)))


def test_a_deployment_goes_with_its_logs_and_the_other_stays_as_it_was() -> None:
    before = {name: look(name) for name in NAMES}
    for name in NAMES:
        assert {("stack", f"{name}-{part}") for part in STACKS} <= set(before[name])
        assert ("log group", f"/aws/sagemaker/Endpoints/{name}") in before[name]
        assert ("log stream", f"{name}--1a2b/algo-1 in /aws/sagemaker/TrainingJobs") in before[name]
    assert main(["destroy"]) == 0
    assert look("scones") == []
    assert look("scones-blue") == before["scones-blue"]
    assert main(["--name", "scones-blue", "destroy"]) == 0
    # The groups of all jobs go with their last stream.
    assert boto3.client("logs").describe_log_groups()["logGroups"] == []


def test_the_shorter_name_stays_as_it_was_too() -> None:
    before = look("scones")
    assert main(["--name", "scones-blue", "destroy"]) == 0
    assert look("scones-blue") == []
    assert look("scones") == before


def test_what_is_left_of_one_is_told_kind_by_kind_and_nothing_of_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in NAMES:
        make_remains(name)
    others = look("scones-blue")
    assert main(["destroy"]) == 1
    left = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("Left")]
    assert [line.rpartition(" ")[0] for line in left] == [
        *("model", "state machine", "rule", "alarm", "dashboard", "topic", "parameter", "role", "key"),
    ]
    assert "blue" not in "".join(left)
    assert "model Model-6" in left
    assert main(["destroy", "--data"]) == 1
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == [
        "scones-blue-storage-bucket-1"
    ]
    assert look("scones-blue") == others


def test_a_group_of_jobs_whose_days_somebody_has_set_stays_empty() -> None:
    logs = boto3.client("logs")
    logs.put_retention_policy(logGroupName="/aws/sagemaker/TrainingJobs", retentionInDays=7)
    for name in NAMES:
        assert main(["--name", name, "destroy"]) == 0
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == [
        "/aws/sagemaker/TrainingJobs"
    ]


def test_an_interrupted_destroy_is_run_again_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    delete = destroy._delete
    deleted: list[str] = []

    def delete_three(cloudformation: Any, stack: dict[str, Any], name: str) -> None:
        if len(deleted) == 3:
            raise KeyboardInterrupt
        deleted.append(name)
        delete(cloudformation, stack, name)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(destroy, "_delete", delete_three)
        assert main(["destroy"]) == 130
    assert len([name for what, name in look("scones") if what == "stack"]) == len(STACKS) - 3
    assert main(["destroy"]) == 0
    assert look("scones") == []
    assert main(["destroy"]) == 0


def test_a_key_that_is_to_be_deleted_is_not_left() -> None:
    kms = boto3.client("kms")
    key = kms.create_key(Tags=[{"TagKey": "project", "TagValue": "scones"}])["KeyMetadata"]
    assert ("key", key["Arn"]) in look("scones")
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert ("key", key["Arn"]) not in look("scones")


def test_a_role_of_the_same_name_in_another_region_is_not_left() -> None:
    iam = boto3.client("iam")
    for region in ("us-east-1", "eu-west-1"):
        stack = f"arn:aws:cloudformation:{region}:123456789012:stack/scones-storage/1"
        iam.create_role(
            RoleName=f"scones-storage-Role-{region}",
            AssumeRolePolicyDocument=TRUST,
            Tags=[{"Key": "aws:cloudformation:stack-id", "Value": stack}],
        )
    assert [name for what, name in look("scones") if what == "role"] == ["scones-storage-Role-us-east-1"]
