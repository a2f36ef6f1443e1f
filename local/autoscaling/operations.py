"""The operations of Application Auto Scaling on the variants of SageMaker's endpoints."""

import time
import uuid
from typing import Any

from ministack.core.responses import get_account_id, get_region

from local.autoscaling import targets
from local.autoscaling.checks import (
    DIMENSION,
    NAMESPACE,
    check_scalable,
    check_tracking,
    find_metric,
    find_variant,
)
from local.autoscaling.targets import LOCK, Record
from local.autoscaling.variants import Variant
from local.sagemaker.errors import ApiError, ValidationException

_SUSPENDABLE = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_PAGE = 50  # AWS's default for MaxResults
_ROLE = "sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling"


def register(request: dict[str, Any]) -> Record:
    """RegisterScalableTarget: makes a target, or changes the members that the request has."""
    variant = find_variant(request)
    with LOCK:
        known = targets.targets.get(variant.resource_id)
    if known is None:
        check_scalable(variant)
        if "MinCapacity" not in request or "MaxCapacity" not in request:
            raise ValidationException("A new scalable target needs both MinCapacity and MaxCapacity.")
    merged = {**(known or _make_target(variant)), **_select(request, "MinCapacity", "MaxCapacity")}
    merged["SuspendedState"] = {**merged["SuspendedState"], **request.get("SuspendedState", {})}
    if merged["MinCapacity"] < 1:
        raise ValidationException(
            f"MinCapacity must be at least 1, not {merged['MinCapacity']}: a variant does not scale to zero."
        )
    if merged["MinCapacity"] > merged["MaxCapacity"]:
        raise ValidationException(
            f"MinCapacity {merged['MinCapacity']} must not be greater than MaxCapacity "
            f"{merged['MaxCapacity']}."
        )
    with LOCK:
        targets.targets[variant.resource_id] = merged
        if known is None and request.get("Tags"):
            targets.tags[merged["ScalableTargetARN"]] = dict(request["Tags"])
    targets.changed.set()
    return merged


def deregister(request: dict[str, Any]) -> Record:
    """DeregisterScalableTarget: the target's policies go with it; the variant keeps its instances."""
    with LOCK:
        targets.forget(_find_target(request)["ResourceId"])
    return {}


def describe_targets(request: dict[str, Any]) -> Record:
    """DescribeScalableTargets."""
    wanted = request.get("ResourceIds")
    kept = [
        record
        for record in targets.targets.values()
        if _matches(record, request) and (not wanted or record["ResourceId"] in wanted)
    ]
    return _take_page(kept, request, "ScalableTargets")


def put_policy(request: dict[str, Any]) -> Record:
    """PutScalingPolicy: makes a policy of a target, or replaces what the one of this name tracks."""
    if request.get("PolicyType") != "TargetTrackingScaling":
        raise ValidationException(
            f"The embedded cloud scales by the PolicyType TargetTrackingScaling alone, not by "
            f"{request.get('PolicyType', 'StepScaling')}."
        )
    tracked = check_tracking(request.get("TargetTrackingScalingPolicyConfiguration"))
    with LOCK:
        resource_id, name = _find_target(request)["ResourceId"], request["PolicyName"]
        for (owner, other), policy in targets.policies.items():
            same = find_metric(policy["TargetTrackingScalingPolicyConfiguration"]) == find_metric(tracked)
            if owner == resource_id and other != name and same:
                raise ValidationException(
                    "Only one TargetTrackingScaling policy for a given metric specification is allowed."
                )
        known = targets.policies.get((resource_id, name)) or {
            **_select(request, "PolicyName", "PolicyType", "ServiceNamespace", "ResourceId"),
            "ScalableDimension": DIMENSION,
            "PolicyARN": f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:"
            f"{uuid.uuid4()}:resource/{NAMESPACE}/{resource_id}:policyName/{name}",
            "Alarms": [],
            "CreationTime": time.time(),
        }
        policy = {**known, "TargetTrackingScalingPolicyConfiguration": tracked}
        targets.policies[resource_id, name] = policy
    return policy


def delete_policy(request: dict[str, Any]) -> Record:
    """DeleteScalingPolicy."""
    with LOCK:
        key = (request["ResourceId"], request["PolicyName"])
        if key not in targets.policies:
            raise _make_not_found("scaling policy found", request, f", policy name: {request['PolicyName']}")
        del targets.policies[key]
    return {}


def describe_policies(request: dict[str, Any]) -> Record:
    """DescribeScalingPolicies."""
    wanted = request.get("PolicyNames")
    kept = [
        record
        for record in targets.policies.values()
        if _matches(record, request) and (not wanted or record["PolicyName"] in wanted)
    ]
    return _take_page(kept, request, "ScalingPolicies")


def describe_activities(request: dict[str, Any]) -> Record:
    """DescribeScalingActivities: the latest first."""
    told = [each for done in targets.activities.values() for each in done if _matches(each, request)]
    told.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return _take_page(told, request, "ScalingActivities")


def tag(request: dict[str, Any]) -> Record:
    """TagResource: a tag replaces the one with the same key."""
    with LOCK:
        arn = _find_arn(request)
        targets.tags[arn] = {**targets.tags.get(arn, {}), **request["Tags"]}
    return {}


def untag(request: dict[str, Any]) -> Record:
    """UntagResource: keys that are not there are no error, as on AWS."""
    with LOCK:
        arn = _find_arn(request)
        kept = targets.tags.get(arn, {}).items()
        targets.tags[arn] = {key: value for key, value in kept if key not in request["TagKeys"]}
    return {}


def list_tags(request: dict[str, Any]) -> Record:
    """ListTagsForResource."""
    return {"Tags": targets.tags.get(_find_arn(request), {})}


def _make_target(variant: Variant) -> Record:
    place = f"{get_region()}:{get_account_id()}"
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": variant.resource_id,
        "ScalableDimension": DIMENSION,
        # Whatever role a request names: of SageMaker's variants AWS's service-linked role alone is used.
        "RoleARN": f"arn:aws:iam::{get_account_id()}:role/aws-service-role/{_ROLE}_SageMakerEndpoint",
        "CreationTime": time.time(),
        "SuspendedState": dict.fromkeys(_SUSPENDABLE, False),
        "ScalableTargetARN": f"arn:aws:application-autoscaling:{place}:scalable-target/{uuid.uuid4().hex}",
    }


def _find_target(request: dict[str, Any]) -> Record:
    target: Record | None = targets.targets.get(request["ResourceId"])
    if target is None or not _matches(target, request):
        raise _make_not_found("scalable target registered", request)
    return target


def _make_not_found(what: str, request: dict[str, Any], rest: str = "") -> ApiError:
    return ApiError(
        "ObjectNotFoundException",
        f"No {what} for service namespace: {request['ServiceNamespace']}, resource ID: "
        f"{request['ResourceId']}, scalable dimension: {request['ScalableDimension']}{rest}",
    )


def _find_arn(request: dict[str, Any]) -> str:
    arn = str(request["ResourceARN"])
    if arn not in [target["ScalableTargetARN"] for target in targets.targets.values()]:
        raise ApiError("ResourceNotFoundException", f"There is no scalable target {arn}", ResourceName=arn)
    return arn


def _matches(record: Record, request: dict[str, Any]) -> bool:
    """Returns whether a record has the namespace, and the resource and dimension if any, of a request."""
    return all(
        record[name] == request[name]
        for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")
        if name in request
    )


def _select(request: dict[str, Any], *names: str) -> Record:
    return {name: request[name] for name in names if name in request}


def _take_page(records: list[Record], request: dict[str, Any], name: str) -> Record:
    start = request.get("NextToken", "0")
    if not (start.isascii() and start.isdigit()):
        raise ApiError("InvalidNextTokenException", "The token is not valid. Start again without NextToken.")
    end = int(start) + request.get("MaxResults", _PAGE)
    return {name: records[int(start) : end], "NextToken": str(end) if end < len(records) else None}
