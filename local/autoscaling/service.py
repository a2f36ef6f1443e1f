"""Application Auto Scaling as MiniStack serves it."""

import json

from ministack.core.responses import get_account_id, get_region

from local.autoscaling import operations, targets
from local.json_services.service import JsonService

_NAME = "application-autoscaling"


def _find_resource_arn(headers: dict[str, str], body: bytes) -> str:
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
    return f"arn:aws:{_NAME}:{get_region()}:{get_account_id()}:scalable-target/*"


SERVICE = JsonService(
    _NAME,
    "Application Auto Scaling",
    {
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
    },
    _find_resource_arn,
)
