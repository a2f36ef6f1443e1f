"""Composite alarms: what they are made of, and their type for CloudFormation, which MiniStack does not have.

MiniStack reads their rules and follows their children well.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
"""

import json
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.cloudwatch.shapes import convert, find_input, read_query
from local.patching import find_original, wrap

TYPE = "AWS::CloudWatch::CompositeAlarm"
NOT_THERE = "ActionsSuppressor"
Properties = dict[str, Any]


def install() -> None:
    """Adds the type, and lets no member of an alarm be lost."""
    wrap(cloudwatch, "_put_composite_alarm", put)
    for used in ("_put_composite_alarm", "_delete_alarms", "cloudformation_set_metric_alarm_tags"):
        find_original(cloudwatch, used)
    find_original(provisioners, "_physical_name")
    handlers = {"create": create, "update": update, "delete": delete}
    find_original(provisioners, "_RESOURCE_HANDLERS")[TYPE] = handlers
    find_original(provisioners, "_REPLACING_PROPERTIES")[TYPE] = ("AlarmName",)
    find_original(provisioners, "_STACK_TAG_PROPERTY")[TYPE] = ("Tags", "list")


def put(store: Any, parameters: Any, request: Any, is_cbor: bool, is_json: bool = False) -> Any:
    """Answers PutCompositeAlarm."""
    shape = find_input("PutCompositeAlarm")
    given = request if is_cbor or is_json else read_query(shape, parameters) or {}
    try:
        settings = convert(shape, given)
    except ValueError as error:
        fault: str | None = str(error)
    else:
        fault = _find_fault(settings)
    if fault:
        return cloudwatch._error("ValidationError", fault, 400, use_json=is_json, use_cbor=is_cbor)
    answer = store(parameters, request if is_cbor or is_json else {}, is_cbor, is_json)
    if answer[0] < 400 and "AlarmDescription" not in settings:
        cloudwatch._composite_alarms[settings["AlarmName"]].pop("AlarmDescription", None)
    return answer


def _find_fault(settings: dict[str, Any]) -> str | None:
    if not settings.get("AlarmName"):
        return "AlarmName must be given"
    if there := [member for member in settings if member.startswith(NOT_THERE)]:
        return f"{there[0]} is not there in the embedded cloud; leave it out"
    return None


def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
    """Makes a composite alarm of a template.

    Raises:
        ValueError: AWS would refuse it; worded as CloudFormation shows it.
    """
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
    request = convert(find_input("PutCompositeAlarm"), {**properties, "AlarmName": name})
    tags = request.pop("Tags", [])
    _call("_put_composite_alarm", request)
    # All of them, CloudFormation's own as well, which the API refuses.
    cloudwatch.cloudformation_set_metric_alarm_tags(name, tags)
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def update(name: str, _old: Properties, new: Properties, stack: str) -> tuple[str, Properties]:
    """Changes a composite alarm in place; raises as create does."""
    return create(name, {**new, "AlarmName": name}, stack)


def delete(name: str, _properties: Properties) -> None:
    """Deletes a composite alarm; raises as create does, for one that another needs."""
    _call("_delete_alarms", {"AlarmNames": [name]})


def _call(operation: str, request: dict[str, Any]) -> None:
    status, _, body = getattr(cloudwatch, operation)({}, request, False, True)
    if status >= 400:
        error = json.loads(body)
        raise ValueError(
            f"{error['message']} (Service: CloudWatch, Status Code: {status}, Error Code: {error['__type']})"
        )
