"""What of a schedule AWS refuses and fills in, by its API and by CloudFormation alike."""

import json
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import StructureShape
from ministack.services import iam, scheduler
from ministack.services.cloudformation import provisioners

from local.patching import find_original
from local.sagemaker.cloudformation_types import Created, Properties, ResourceFailed, coerce
from local.sagemaker.errors import ApiError
from local.sagemaker.request_validation import check
from local.sagemaker.roles import trusts
from local.scheduler import expressions
from local.scheduler.calls import READING, UNIVERSAL, find_operation, is_templated

PRINCIPAL = "scheduler.amazonaws.com"
RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
_NEEDS_JSON = ("events", "lambda", "states")

_physical_name = find_original(provisioners, "_physical_name")
_to_epoch = find_original(scheduler, "_to_epoch")


def complete(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Returns what CreateSchedule or UpdateSchedule is asked for, with AWS's defaults.

    Raises:
        ApiError: AWS would refuse it, or the embedded cloud cannot do it.
    """
    request = {key: value for key, value in body.items() if value is not None}
    check({**request, "Name": name}, get_shape())
    try:
        expressions.check(request["ScheduleExpression"], request.get("ScheduleExpressionTimezone", "UTC"))
    except ValueError as error:
        raise _refuse(str(error)) from None
    window = request["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise _refuse("A FlexibleTimeWindow has MaximumWindowInMinutes in the Mode FLEXIBLE, and only there.")
    if request.get("StartDate", 0) >= request.get("EndDate", float("inf")):
        raise _refuse("The StartDate must come before the EndDate.")
    target = request["Target"]
    _check_target(target)
    return {**request, "Target": {**target, "RetryPolicy": {**RETRIES, **target.get("RetryPolicy", {})}}}


@lru_cache(maxsize=1)
def get_shape() -> StructureShape:
    """Returns botocore's shape of CreateSchedule's request; UpdateSchedule's has the same members."""
    model = botocore.session.Session().get_service_model("scheduler")
    shape = model.operation_model("CreateSchedule").input_shape
    assert shape is not None
    return shape


def _check_target(target: dict[str, Any]) -> None:
    arn, role_arn, text = target["Arn"], target["RoleArn"], target.get("Input")
    if universal := UNIVERSAL.fullmatch(arn):
        service, action = universal.groups()
        if READING.fullmatch(action) or find_operation(service, action) is None:
            raise _refuse(f"{action} of {service} is not an operation that a schedule can call: {arn}")
    elif not is_templated(arn):
        raise _refuse(f"{arn} is not a target that the embedded cloud's Scheduler can call.")
    if text is not None and (universal or arn.split(":")[2] in _NEEDS_JSON):
        try:
            is_request = isinstance(json.loads(text), dict) or not universal
        except (ValueError, RecursionError):
            is_request = False
        if not is_request:
            raise _refuse(f"The Input of the target {arn} must be well-formed JSON.")
    if arn.startswith("arn:aws:events:") and "EventBridgeParameters" not in target:
        raise _refuse(f"The target {arn} needs EventBridgeParameters.")
    role = find_original(iam, "_roles").get(role_arn.rpartition("/")[2])
    if role is None or role["Arn"] != role_arn or not trusts(role["AssumeRolePolicyDocument"], PRINCIPAL):
        raise _refuse(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )


def _refuse(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """Makes a schedule of a template; ``Ref`` is its name."""
    name = properties.get("Name") or _physical_name(stack_name, logical_id, max_len=64)
    _put(scheduler._create_schedule, name, properties)
    return name, _describe(name, properties)


def update(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
    """Changes a schedule to what its template says, in which it has the same name."""
    if _find_group(old) != _find_group(new):
        created = create(physical_id, {**new, "Name": physical_id}, stack_name)
        delete(physical_id, old)
        return created
    _put(scheduler._update_schedule, physical_id, new)
    return physical_id, _describe(physical_id, new)


def delete(physical_id: str, properties: Properties) -> None:
    """Deletes a schedule, if it is there."""
    scheduler._delete_schedule(physical_id, {"groupName": _find_group(properties)})


def _put(operate: Any, name: str, properties: Properties) -> None:
    typed = {key: value for key, value in properties.items() if key not in ("Name", "StartDate", "EndDate")}
    body = coerce(typed, get_shape())
    # Templates hold dates as text, requests as numbers.
    body |= {key: _to_epoch(properties[key]) for key in ("StartDate", "EndDate") if key in properties}
    status, _, answer = operate(name, body)
    if status >= 400:
        told = json.loads(answer)
        raise ResourceFailed(
            f'Resource handler returned message: "{told["Message"]} (Service: Scheduler, Status Code: '
            f'{status})" (HandlerErrorCode: {told["__type"]})'
        )


def _find_group(properties: Properties) -> str:
    return str(properties.get("GroupName", "default"))


def _describe(name: str, properties: Properties) -> dict[str, str]:
    return {"Arn": str(scheduler._schedule_arn(_find_group(properties), name))}
