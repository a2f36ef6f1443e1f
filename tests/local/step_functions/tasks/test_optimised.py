"""A state machine keeps items, sends events and messages as its role allows, and sees AWS's errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.local.cloud_process import Cloud
from tests.local.delivery.test_object_events import allow_rule, next_event

ITEM = {"photo": {"S": "a"}, "count": {"N": "1"}}


@dataclass(frozen=True)
class Target:
    """What a task works on.

    Attributes:
        resource: Name of the integration.
        action: What the role must allow.
        arn: On what it must allow it.
        arguments: The task's arguments.
        refusal: The error that the task ends with where the role does not.
    """

    resource: str
    action: str
    arn: str
    arguments: dict[str, Any]
    refusal: str


def make_table(cloud: Cloud) -> tuple[str, str]:
    name = f"table-{uuid4().hex[:12]}"
    created = cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "photo", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name, created["TableDescription"]["TableArn"]


def keep(cloud: Cloud, operation: str, **arguments: Any) -> Target:
    name, arn = make_table(cloud)
    return Target(
        f"dynamodb:{operation}",
        f"dynamodb:{operation[0].upper()}{operation[1:]}",
        arn,
        {"TableName": name, **arguments},
        "DynamoDB.AmazonDynamoDBException",
    )


def put_item(cloud: Cloud) -> Target:
    return keep(cloud, "putItem", Item=ITEM)


def get_item(cloud: Cloud) -> Target:
    return keep(cloud, "getItem", Key={"photo": {"S": "a"}})


def update_item(cloud: Cloud) -> Target:
    return keep(
        cloud,
        "updateItem",
        Key={"photo": {"S": "a"}},
        UpdateExpression="SET label = :label",
        ExpressionAttributeValues={":label": {"S": "bicycle"}},
    )


def delete_item(cloud: Cloud) -> Target:
    return keep(cloud, "deleteItem", Key={"photo": {"S": "a"}})


def put_event(cloud: Cloud) -> Target:
    account = cloud.client("sts").get_caller_identity()["Account"]
    entry = {"Source": "scones.photos", "DetailType": "Photo Routed", "Detail": {"file": "Grüße.png"}}
    return Target(
        "events:putEvents",
        "events:PutEvents",
        f"arn:aws:events:us-east-1:{account}:event-bus/default",
        {"Entries": [entry]},
        "EventBridge.AmazonEventBridgeException",
    )


def send_message(cloud: Cloud) -> Target:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{uuid4().hex[:12]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    arguments = {"QueueUrl": url, "MessageBody": {"a": 1}}
    return Target("sqs:sendMessage", "sqs:SendMessage", arn, arguments, "SQS.AmazonSQSException")


def publish(cloud: Cloud) -> Target:
    arn = cloud.client("sns").create_topic(Name=f"topic-{uuid4().hex[:12]}")["TopicArn"]
    arguments = {"TopicArn": arn, "Message": "a"}
    return Target("sns:publish", "sns:Publish", arn, arguments, "SNS.AuthorizationErrorException")


def run(cloud: Cloud, target: Target, role: str | None = None, **fields: Any) -> Any:
    """Runs a machine that is nothing but the task."""
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{target.resource}",
        "Arguments": target.arguments,
        "End": True,
        **fields,
    }
    return cloud.execute({"Only": task}, "Only", role=role)


def allow(cloud: Cloud, target: Target, **statement: Any) -> str:
    return cloud.role(
        {"Effect": "Allow", "Action": target.action, "Resource": target.arn, **statement},
    )


@pytest.mark.parametrize(
    "make", [put_item, get_item, update_item, delete_item, put_event, send_message, publish]
)
def test_a_task_does_what_the_role_names_and_nothing_that_it_does_not(
    make: Callable[[Cloud], Target], cloud: Cloud
) -> None:
    target = make(cloud)
    refused = run(
        cloud, target, cloud.role({"Effect": "Allow", "Action": target.action, "Resource": "arn:x"})
    )
    assert (refused["status"], refused["error"]) == ("FAILED", target.refusal)
    assert f"is not authorized to perform: {target.action} on resource: {target.arn} " in refused["cause"]
    done = run(cloud, target, allow(cloud, target))
    assert done["status"] == "SUCCEEDED", done.get("cause")
    output = json.loads(done["output"])
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["SdkResponseMetadata"]["RequestId"]


def test_a_condition_that_does_not_hold_has_its_own_error_and_leaves_the_item(cloud: Cloud) -> None:
    target = put_item(cloud)
    target.arguments["ConditionExpression"] = "attribute_not_exists(photo)"
    role = allow(cloud, target)
    assert run(cloud, target, role)["status"] == "SUCCEEDED"
    target.arguments["Item"] = ITEM | {"count": {"N": "2"}}
    assert run(cloud, target, role)["error"] == "DynamoDB.ConditionalCheckFailedException"
    (item,) = cloud.client("dynamodb").scan(TableName=target.arguments["TableName"])["Items"]
    assert item == ITEM


def test_what_dynamodb_has_no_class_of_errors_for_has_the_common_one(cloud: Cloud) -> None:
    target = put_item(cloud)
    target.arguments["Item"] = {"another": {"S": "key"}}
    assert run(cloud, target, allow(cloud, target))["error"] == "DynamoDB.AmazonDynamoDBException"
    cloud.client("dynamodb").delete_table(TableName=target.arguments["TableName"])
    assert run(cloud, target, allow(cloud, target))["error"] == "DynamoDB.ResourceNotFoundException"


def test_an_event_names_the_execution_and_its_detail_is_a_document(cloud: Cloud) -> None:
    name = f"rule-{uuid4().hex[:12]}"
    events, sqs = cloud.client("events"), cloud.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    target = put_event(cloud)
    target.arguments["Entries"][0]["Source"] = name
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allow_rule(arn, rule)})
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    ended = run(cloud, target, allow(cloud, target))
    event = next_event(cloud, url)
    assert (event["detail-type"], event["detail"]) == ("Photo Routed", {"file": "Grüße.png"})
    assert event["resources"] == [ended["stateMachineArn"], ended["executionArn"]]


@pytest.mark.parametrize(
    ("key", "other"), [("events:source", "scones.other"), ("events:detail-type", "Photo Failed")]
)
def test_a_role_may_be_bound_to_the_source_and_the_type_of_its_events(
    key: str, other: str, cloud: Cloud
) -> None:
    target = put_event(cloud)
    entry = target.arguments["Entries"][0]
    allowed = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
    role = allow(cloud, target, Condition={"StringEquals": {key: allowed[key]}})
    assert run(cloud, target, role)["status"] == "SUCCEEDED"
    entry["Source" if key == "events:source" else "DetailType"] = other
    assert run(cloud, target, role)["error"] == target.refusal


def test_an_event_that_eventbridge_does_not_take_fails_the_task_and_says_which(cloud: Cloud) -> None:
    target = put_event(cloud)
    target.arguments["Entries"][0]["Source"] = "aws.s3"
    ended = run(cloud, target, allow(cloud, target))
    assert ended["error"] == "EventBridge.FailedEntry"
    cause = json.loads(ended["cause"])
    assert cause["FailedEntryCount"] == 1
    assert cause["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_refusal_is_caught_by_its_name(cloud: Cloud) -> None:
    target = put_item(cloud)
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{target.resource}",
        "Arguments": target.arguments,
        "Catch": [{"ErrorEquals": [target.refusal], "Next": "Caught"}],
        "End": True,
    }
    ended = cloud.execute({"Only": task, "Caught": {"Type": "Succeed"}}, "Only")
    assert ended["status"] == "SUCCEEDED"


def test_a_function_that_lambda_has_no_room_for_fails_as_throttled(cloud: Cloud) -> None:
    arn = cloud.function("def handler(event, context): return {}")
    cloud.client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": {}},
        "End": True,
    }
    role = cloud.role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn})
    ended = cloud.execute({"Call": task}, "Call", role=role)
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.TooManyRequestsException")
