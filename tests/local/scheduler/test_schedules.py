"""Schedules are refused where AWS refuses them, kept whole by stacks, and call as their roles may."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud, eventually

UNIVERSAL = "arn:aws:scheduler:::aws-sdk"


def a_name() -> str:
    return f"schedule-{uuid4().hex[:12]}"


def role(cloud: Cloud, *allowed: dict[str, Any], principal: str = "scheduler.amazonaws.com") -> str:
    """Makes a role that Scheduler may take; returns its ARN."""
    arn = cloud.role(*allowed)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": principal}}
    cloud.client("iam").update_assume_role_policy(
        RoleName=arn.rpartition("/")[2],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return arn


def request(cloud: Cloud, **changes: Any) -> dict[str, Any]:
    target = {"Arn": f"{UNIVERSAL}:sqs:sendMessage", "RoleArn": role(cloud), **changes.pop("target", {})}
    given = {
        "Name": a_name(),
        "ScheduleExpression": "cron(0 20 * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }
    return {**given, **changes}


def test_a_schedule_is_told_as_it_was_asked_for_with_the_retries_of_aws(cloud: Cloud) -> None:
    scheduler = cloud.client("scheduler")
    asked = request(cloud, ScheduleExpressionTimezone="Europe/Berlin")
    scheduler.create_schedule(**asked)
    told = scheduler.get_schedule(Name=asked["Name"])
    assert told["ScheduleExpressionTimezone"] == "Europe/Berlin"
    retries = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    assert told["Target"] == {**asked["Target"], "RetryPolicy": retries}
    scheduler.delete_schedule(Name=asked["Name"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ScheduleExpression": "cron(0 20 * * *)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid ScheduleExpressionTimezone Mars/Olympus"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"StartDate": 200, "EndDate": 100}, "StartDate must come before"),
        ({"target": {"Arn": f"{UNIVERSAL}:sqs:getQueueUrl"}}, "is not an operation that a schedule can call"),
        ({"target": {"Arn": f"{UNIVERSAL}:sqs:fly"}}, "is not an operation"),
        ({"target": {"Arn": f"{UNIVERSAL}:absent:fly"}}, "is not an operation"),
        ({"target": {"Arn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}}, "is not a target"),
        ({"target": {"Input": "not JSON"}}, "must be well-formed JSON"),
        ({"target": {"Input": "[]"}}, "must be well-formed JSON"),
        ({"target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}}, "less than or equal to 185"),
        ({"target": {"RoleArn": "arn:aws:iam::000000000000:role/absent"}}, "must allow AWS EventBridge"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_in_a_line_that_says_why(
    changes: dict[str, Any], told: str, cloud: Cloud
) -> None:
    with pytest.raises(ClientError, match=told) as caught:
        cloud.client("scheduler").create_schedule(**request(cloud, **changes))
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_role_that_trusts_another_service_is_refused(cloud: Cloud) -> None:
    arn = role(cloud, principal="lambda.amazonaws.com")
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        cloud.client("scheduler").create_schedule(**request(cloud, target={"RoleArn": arn}))


def test_who_may_not_pass_the_role_may_make_no_schedule_of_it(cloud: Cloud) -> None:
    iam, name = cloud.client("iam"), a_name()
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": "scheduler:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="allowed", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    scheduler = boto3.client(
        "scheduler",
        endpoint_url=f"http://127.0.0.1:{cloud.port}",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="iam:PassRole") as caught:
        scheduler.create_schedule(**request(cloud))
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def a_stack(cloud: Cloud, name: str) -> str:
    """Makes a stack with a parameter that a resource shows; returns its ARN."""
    shown = {"Name": f"/{name}", "Type": "String", "Value": {"Ref": "Switch"}}
    template = {
        "Parameters": {"Switch": {"Type": "String", "Default": "on"}},
        "Resources": {"Shown": {"Type": "AWS::SSM::Parameter", "Properties": shown}},
    }
    cloud.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    described = cloud.settled(name)
    assert described["StackStatus"] == "CREATE_COMPLETE"
    return str(described["StackId"])


def test_a_universal_target_does_what_its_role_allows_and_what_it_does_not_is_a_dead_letter(
    cloud: Cloud,
) -> None:
    own, other = a_name(), a_name()
    stack, _ = a_stack(cloud, own), a_stack(cloud, other)
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=own)["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:000000000000:{own}"
    allowed = role(
        cloud,
        {"Effect": "Allow", "Action": "cloudformation:UpdateStack", "Resource": stack},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
    )

    def switch_off(stack: str) -> str:
        parameters = [{"ParameterKey": "Switch", "ParameterValue": "off"}]
        return json.dumps({"StackName": stack, "UsePreviousTemplate": True, "Parameters": parameters})

    at_once = "rate(1 day)"
    for name in (own, other):
        target = {
            "Arn": f"{UNIVERSAL}:cloudformation:updateStack",
            "RoleArn": allowed,
            "Input": switch_off(name),
            "RetryPolicy": {"MaximumRetryAttempts": 0},
            "DeadLetterConfig": {"Arn": queue},
        }
        cloud.client("scheduler").create_schedule(**request(cloud, ScheduleExpression=at_once, target=target))
    # One of its own by a template, and by the name in which the SDK for Java has the members.
    others: list[dict[str, str]] = [
        {"Arn": queue, "Input": "templated"},
        {"Arn": f"{UNIVERSAL}:sqs:sendMessage", "Input": json.dumps({"queueUrl": url, "messageBody": "any"})},
    ]
    for each in others:
        cloud.client("scheduler").create_schedule(
            **request(cloud, ScheduleExpression=at_once, target={**each, "RoleArn": allowed})
        )

    eventually(lambda: cloud.parameter(f"/{own}") == "off")
    messages: dict[str, Any] = {}

    def collect() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        messages.update({each["Body"]: each for each in answer.get("Messages", [])})
        return messages.keys() == {"templated", "any", switch_off(other)}

    eventually(collect)
    told = {
        name: each["StringValue"] for name, each in messages[switch_off(other)]["MessageAttributes"].items()
    }
    assert "cloudformation:UpdateStack" in told["ERROR_MESSAGE"]
    assert (told["RETRY_ATTEMPTS"], told["EXHAUSTED_RETRY_CONDITION"]) == ("0", "MaximumRetryAttempts")
    assert cloud.parameter(f"/{other}") == "on"


def test_a_stack_s_schedule_keeps_all_that_its_template_says(cloud: Cloud) -> None:
    scheduler, cloudformation = cloud.client("scheduler"), cloud.client("cloudformation")
    name, first, second = a_name(), role(cloud), role(cloud)
    scheduler.create_schedule_group(Name=name)
    properties: dict[str, Any] = {
        "Name": name,
        "ScheduleExpression": "cron(0 20 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": "2030-01-01T00:00:00.000Z",
        "EndDate": "2031-01-01T00:00:00.000Z",
        "State": "DISABLED",
        "Description": "off at night",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": "15"},
        "Target": {
            "Arn": f"{UNIVERSAL}:cloudformation:updateStack",
            "RoleArn": first,
            "Input": '{"StackName": "scones"}',
            "RetryPolicy": {"MaximumRetryAttempts": "3", "MaximumEventAgeInSeconds": 600},
        },
    }

    def deploy(change: Any, status: str) -> None:
        resource = {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
        outputs = {
            "Ref": {"Value": {"Ref": "Schedule"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Schedule", "Arn"]}},
        }
        body = json.dumps({"Resources": {"Schedule": resource}, "Outputs": outputs})
        change(StackName=name, TemplateBody=body)
        described = cloud.settled(name)
        assert described["StackStatus"] == status
        told = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        group = properties.get("GroupName", "default")
        assert told == {"Ref": name, "Arn": scheduler.get_schedule(Name=name, GroupName=group)["Arn"]}

    deploy(cloudformation.create_stack, "CREATE_COMPLETE")
    told = scheduler.get_schedule(Name=name)
    for key in ("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Description"):
        assert told[key] == properties[key]
    assert told["StartDate"] == datetime(2030, 1, 1, tzinfo=UTC)
    assert told["EndDate"] == datetime(2031, 1, 1, tzinfo=UTC)
    assert told["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    retries = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600}
    assert told["Target"] == {**properties["Target"], "RetryPolicy": retries}

    properties["Target"] |= {"RoleArn": second, "Input": '{"StackName": "other"}'}
    properties |= {"ScheduleExpressionTimezone": "Asia/Tokyo", "State": "ENABLED"}
    del properties["EndDate"], properties["Description"]
    deploy(cloudformation.update_stack, "UPDATE_COMPLETE")
    told = scheduler.get_schedule(Name=name)
    assert (told["ScheduleExpressionTimezone"], told["State"]) == ("Asia/Tokyo", "ENABLED")
    assert (told["Target"]["RoleArn"], told["Target"]["Input"]) == (second, '{"StackName": "other"}')
    assert told["StartDate"] == datetime(2030, 1, 1, tzinfo=UTC)
    assert "EndDate" not in told

    properties["ScheduleExpression"] = "cron(0 20 * * *)"
    with pytest.raises(AssertionError):
        deploy(cloudformation.update_stack, "UPDATE_COMPLETE")
    assert scheduler.get_schedule(Name=name)["ScheduleExpression"] == "cron(0 20 * * ? *)"

    properties |= {"ScheduleExpression": "rate(1 hour)", "GroupName": name}
    deploy(cloudformation.update_stack, "UPDATE_COMPLETE")
    with pytest.raises(ClientError, match="does not exist"):
        scheduler.get_schedule(Name=name)

    cloudformation.delete_stack(StackName=name)
    eventually(lambda: not scheduler.list_schedules(NamePrefix=name)["Schedules"])
