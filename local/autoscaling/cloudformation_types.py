"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy for MiniStack's CloudFormation.

All functions here run on a worker thread.
"""

from collections.abc import Callable
from typing import Any

from botocore.model import StructureShape

from local.autoscaling.service import SERVICE
from local.sagemaker.cloudformation_types import Created, Properties, ResourceFailed, coerce
from local.sagemaker.errors import ApiError

_NAMES = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_IGNORED_IN_A_TARGET = ("ScheduledActions",)


def create_target(logical_id: str, properties: Properties, _stack_name: str) -> Created:
    """Registers a target; ``Ref`` and the attribute Id are RESOURCE|DIMENSION|NAMESPACE, as on AWS."""
    if properties.get("ScheduledActions"):
        raise ResourceFailed(f"{logical_id}: the embedded cloud has no ScheduledActions of scalable targets")
    request = {key: value for key, value in properties.items() if key not in _IGNORED_IN_A_TARGET}
    request["Tags"] = tags = _map_tags(properties)
    arn = _call("RegisterScalableTarget", logical_id, request)["ScalableTargetARN"]
    # To register what is registered already changes no tags.
    kept = _call("ListTagsForResource", logical_id, {"ResourceARN": arn})["Tags"]
    if gone := kept.keys() - tags:
        _call("UntagResource", logical_id, {"ResourceARN": arn, "TagKeys": sorted(gone)})
    if tags != kept:
        _call("TagResource", logical_id, {"ResourceARN": arn, "Tags": tags})
    physical_id = "|".join(
        str(properties[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")
    )
    return physical_id, {"Id": physical_id}


def update_target(physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Created:
    """Changes a target's bounds, tags and what is suspended of it; anything else replaces it."""
    return create_target(physical_id, {"SuspendedState": _NOT_SUSPENDED, **new}, stack_name)


def delete_target(physical_id: str, _properties: Properties) -> None:
    """Deregisters a target, if it is there."""
    _delete("DeregisterScalableTarget", _split_id(physical_id))


def create_policy(logical_id: str, properties: Properties, _stack_name: str) -> Created:
    """Makes a policy; ``Ref`` and the attribute Arn are its ARN."""
    request = {key: value for key, value in properties.items() if key != "ScalingTargetId"}
    if "ScalingTargetId" in properties:
        request |= _split_id(properties["ScalingTargetId"])
    arn = _call("PutScalingPolicy", logical_id, request)["PolicyARN"]
    return arn, {"Arn": arn}


def update_policy(physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Created:
    """Changes what a policy tracks; anything else replaces it."""
    return create_policy(physical_id, new, stack_name)


def delete_policy(physical_id: str, _properties: Properties) -> None:
    """Deletes a policy, if it is there."""
    place, _, name = physical_id.partition(":policyName/")
    namespace, _, resource_id = place.partition(":resource/")[2].partition("/")
    dimension = "sagemaker:variant:DesiredInstanceCount"
    keys = dict(zip(_NAMES, (namespace, resource_id, dimension), strict=True))
    _delete("DeleteScalingPolicy", {**keys, "PolicyName": name})


_NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
_TARGET, _POLICY = (f"AWS::ApplicationAutoScaling::{name}" for name in ("ScalableTarget", "ScalingPolicy"))

HANDLERS: dict[str, dict[str, Callable[..., Any]]] = {
    _TARGET: {"create": create_target, "update": update_target, "delete": delete_target},
    _POLICY: {"create": create_policy, "update": update_policy, "delete": delete_policy},
}
REPLACING_PROPERTIES: dict[str, tuple[str, ...]] = {
    _TARGET: _NAMES,
    _POLICY: (*_NAMES, "PolicyName", "ScalingTargetId"),
}


def _split_id(physical_id: str) -> Properties:
    resource_id, dimension, namespace = physical_id.split("|")
    return dict(zip(_NAMES, (namespace, resource_id, dimension), strict=True))


def _map_tags(properties: Properties) -> dict[str, str]:
    """Returns the tags as Application Auto Scaling takes them: a map, where a template has a list."""
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def _call(operation: str, logical_id: str, properties: Properties) -> dict[str, Any]:
    shape = SERVICE.get_request_shape(operation)
    assert isinstance(shape, StructureShape)
    if unknown := [name for name in properties if name not in shape.members]:
        raise ResourceFailed(
            f"Properties validation failed for resource {logical_id} with message: #: extraneous key "
            f"[{unknown[0]}] is not permitted"
        )
    try:
        return SERVICE.call(operation, coerce(properties, shape))
    except ApiError as error:
        raise ResourceFailed(
            f'Resource handler returned message: "{error.message} (Service: ApplicationAutoScaling, '
            f'Status Code: {error.status})" (HandlerErrorCode: {error.code})'
        ) from error


def _delete(operation: str, request: Properties) -> None:
    try:
        SERVICE.call(operation, request)
    except ApiError as error:
        if error.code != "ObjectNotFoundException":
            raise ResourceFailed(error.message) from error
