"""A topic of a template keeps its key, and an alarm's message needs what the key's policy says."""

import json
from typing import Any
from uuid import uuid4

from tests.local.cloud_process import Cloud, eventually


def let_use(*services: str) -> str:
    """Returns a key's policy that lets the account and some services use it."""
    principals = [{"AWS": "arn:aws:iam::000000000000:root"}, *({"Service": service} for service in services)]
    statements = [
        {"Effect": "Allow", "Principal": each, "Action": "kms:*", "Resource": "*"} for each in principals
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_an_alarm_writes_to_an_encrypted_topic_only_if_the_topics_key_lets_it(cloud: Cloud) -> None:
    cloudformation, cloudwatch, kms = map(cloud.client, ("cloudformation", "cloudwatch", "kms"))
    name = f"encrypted-{uuid4().hex[:12]}"
    services = {"Action": "sns:Publish", "Principal": {"Service": "cloudwatch.amazonaws.com"}}
    statement = {**services, "Effect": "Allow", "Resource": {"Ref": "Topic"}}
    alarm = {
        "AlarmName": name,
        "Namespace": name,
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [{"Ref": "Topic"}],
    }
    resources = {
        "Key": ("AWS::KMS::Key", {"KeyPolicy": json.loads(let_use("sns.amazonaws.com"))}),
        "Topic": ("AWS::SNS::Topic", {"KmsMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}),
        "Policy": (
            "AWS::SNS::TopicPolicy",
            {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {"Statement": [statement]}},
        ),
        "Alarm": ("AWS::CloudWatch::Alarm", alarm),
    }
    template = {each: {"Type": kind, "Properties": told} for each, (kind, told) in resources.items()}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": template}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    described = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    made = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}
    attributes = cloud.client("sns").get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
    assert attributes["KmsMasterKeyId"].endswith(f":key/{made['Key']}")

    def raise_alarm() -> str:
        before = len(list_actions())
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="set by a test")
        new: list[Any] = eventually(lambda: list_actions()[: -before or None])
        return str(new[0]["HistorySummary"])

    def list_actions() -> list[Any]:
        asked = {"AlarmName": name, "HistoryItemType": "Action"}
        return list(cloudwatch.describe_alarm_history(**asked)["AlarmHistoryItems"])

    assert raise_alarm() == (
        f"Failed to execute action {made['Topic']}. Received error: CloudWatch Alarms does not have "
        "authorization to access the SNS topic encryption key."
    )
    policy = let_use("sns.amazonaws.com", "cloudwatch.amazonaws.com")
    kms.put_key_policy(KeyId=made["Key"], PolicyName="default", Policy=policy)
    assert raise_alarm() == f"Successfully executed action {made['Topic']}"
