"""What a schedule calls: any operation of AWS's SDK, or one of the few that have a template of their own.

Each call is made with the schedule's role: what that does not allow is refused.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from local.clients import make_client

Target = dict[str, Any]

UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:([a-z0-9]+):([A-Za-z0-9]+)")
READING = re.compile(
    "(get|describe|list|poll|receive|search|scan|query|select|read|lookup|discover|validate|batchGet|"
    "batchDescribe|batchRead|transactGet|adminGet|adminList|testMigration|retrieve|testConnection|"
    "translateDocument|isAuthorized|invokeModel)(?![a-z]).*"
)
"""The operations that AWS lets no schedule call."""
_NAMES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
"""Services that boto3 calls otherwise than the SDK for Java, whose names an ARN has."""
_SESSION = "EventBridgeScheduler"


def call(target: Target, text: str) -> None:
    """Calls a schedule's target.

    Args:
        target: The target as CreateSchedule takes it.
        text: What it is given.

    Raises:
        BotoCoreError: The request cannot be made.
        ClientError: It was refused or failed.
    """
    if universal := UNIVERSAL.fullmatch(target["Arn"]):
        service, action = universal.groups()
        _call_operation(service, action, target["RoleArn"], json.loads(text))
    else:
        _TEMPLATED[find_service(target["Arn"])](target, text)


def send_dead_letter(target: Target, text: str, attributes: dict[str, str]) -> None:
    """Puts what could not be delivered into the target's dead-letter queue; raises as ``call`` does."""
    _send_message(
        {"Arn": target["DeadLetterConfig"]["Arn"], "RoleArn": target["RoleArn"]},
        text,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def find_service(arn: str) -> str:
    """Returns the service that an ARN names, empty where it is none."""
    return arn.split(":")[2] if arn.count(":") >= 5 else ""


def is_templated(arn: str) -> bool:
    """Returns whether the embedded cloud has a template for what an ARN names."""
    return find_service(arn) in _TEMPLATED


@lru_cache(maxsize=16)
def find_operation(service: str, action: str) -> tuple[ServiceModel, str] | None:
    """Returns a service of AWS's SDK and the name of one of its operations; None where there is none.

    Args:
        service: The service's id in lower case, such as ``cloudformation``.
        action: The operation's name, such as ``updateStack``.
    """
    session = botocore.session.Session()
    names = {name.replace("-", ""): name for name in session.get_available_services()}
    name = _NAMES.get(service) or names.get(service)
    if name is None:
        return None
    model = session.get_service_model(name)
    known = {operation.lower(): operation for operation in model.operation_names}
    return (model, known[action.lower()]) if action.lower() in known else None


def _call_operation(service: str, action: str, role_arn: str, request: Any) -> None:
    found = find_operation(service, action)
    assert found is not None, "checked when the schedule was made"
    model, operation = found
    shape = model.operation_model(operation).input_shape
    client = make_client(model.service_name, role_arn, _SESSION)
    method = next(method for method, name in client.meta.method_to_api_mapping.items() if name == operation)
    getattr(client, method)(**(_name_members(request, shape) if shape else {}))


def _name_members(value: Any, shape: Shape) -> Any:
    """Returns a request with boto3's names of its members, the first letters of which may differ in case."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = {name[:1].lower() + name[1:]: name for name in shape.members}
        named = {names.get(key[:1].lower() + key[1:], key): item for key, item in value.items()}
        return {
            key: _name_members(item, shape.members[key]) if key in shape.members else item
            for key, item in named.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_name_members(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _name_members(item, shape.value) for key, item in value.items()}
    return value


def _invoke_function(target: Target, text: str) -> None:
    client = make_client("lambda", target["RoleArn"], _SESSION)
    client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=text)


def _start_execution(target: Target, text: str) -> None:
    client = make_client("stepfunctions", target["RoleArn"], _SESSION)
    client.start_execution(stateMachineArn=target["Arn"], input=text)


def _publish(target: Target, text: str) -> None:
    make_client("sns", target["RoleArn"], _SESSION).publish(TopicArn=target["Arn"], Message=text)


def _put_event(target: Target, text: str) -> None:
    event = {**target["EventBridgeParameters"], "EventBusName": target["Arn"], "Detail": text}
    make_client("events", target["RoleArn"], _SESSION).put_events(Entries=[event])


def _send_message(target: Target, text: str, **rest: Any) -> None:
    account, name = target["Arn"].split(":")[-2:]
    # Scheduler knows a queue's address; the role needs no more than to send.
    url = make_client("sqs").get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    rest |= target.get("SqsParameters", {})
    make_client("sqs", target["RoleArn"], _SESSION).send_message(QueueUrl=url, MessageBody=text, **rest)


_TEMPLATED: dict[str, Callable[[Target, str], None]] = {
    "events": _put_event,
    "lambda": _invoke_function,
    "sns": _publish,
    "sqs": _send_message,
    "states": _start_execution,
}
