"""Answers requests to Application Auto Scaling, through MiniStack's interface for a service."""

import asyncio
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from ministack.core.responses import get_account_id, get_region

from local.autoscaling import operations, targets
from local.autoscaling.targets import Record
from local.sagemaker.errors import ApiError
from local.sagemaker.request_validation import parse_body, select_members

SERVICE = "application-autoscaling"
_JSON_1_1 = "application/x-amz-json-1.1"

OPERATIONS: dict[str, Callable[[dict[str, Any]], Record]] = {
    "DeleteScalingPolicy": operations.delete_policy,
    "DeregisterScalableTarget": operations.deregister,
    "DescribeScalableTargets": operations.describe_targets,
    "DescribeScalingActivities": operations.describe_activities,
    "DescribeScalingPolicies": operations.describe_policies,
    "ListTagsForResource": operations.list_tags,
    "PutScalingPolicy": operations.put_policy,
    "RegisterScalableTarget": operations.register,
    "TagResource": operations.tag,
    "UntagResource": operations.untag,
}


async def handle_request(
    _method: str, _path: str, headers: dict[str, str], body: bytes | str, _query: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """Answers one request; it waits on a thread, never on the event loop."""
    content = body.encode() if isinstance(body, str) else body
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        reply = await asyncio.to_thread(_answer, name, content)
    except ApiError as error:
        return error.reply(_JSON_1_1)
    return 200, {"Content-Type": _JSON_1_1}, json.dumps(reply).encode()


def call(name: str, request: dict[str, Any]) -> Record:
    """Runs an operation as if a client had called it; must be on a worker thread.

    Raises:
        ApiError: The operation's error.
    """
    return _answer(name, json.dumps(request).encode())


def get_request_shape(operation: str) -> Shape:
    """Returns the shape of an operation's request."""
    shape = _load_service_model().operation_model(operation).input_shape
    assert shape is not None, f"{operation} takes nothing"
    return shape


def find_resource_arn(headers: dict[str, str], body: bytes) -> str:
    """Returns the ARN of the scalable target that a request is about, as policies name it."""
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return "*"
    if not isinstance(request, dict) or ".Describe" in headers.get("x-amz-target", ""):
        return "*"
    if "ResourceARN" in request:
        return str(request["ResourceARN"])
    target = targets.targets.get(str(request.get("ResourceId")))
    if target is not None:
        return str(target["ScalableTargetARN"])
    return f"arn:aws:{SERVICE}:{get_region()}:{get_account_id()}:scalable-target/*"


@lru_cache(maxsize=1)
def _load_service_model() -> ServiceModel:
    return botocore.session.Session().get_service_model(SERVICE)


def _answer(name: str, body: bytes) -> Record:
    if name not in OPERATIONS:
        raise ApiError(
            "UnknownOperationException",
            f"The embedded cloud's Application Auto Scaling has no operation {name}.",
        )
    result = OPERATIONS[name](parse_body(body, get_request_shape(name)))
    shape = _load_service_model().operation_model(name).output_shape
    return dict(select_members(result, shape)) if shape else {}
