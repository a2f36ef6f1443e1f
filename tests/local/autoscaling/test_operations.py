"""Targets and policies are made, told, changed and refused as on AWS."""

import asyncio
import json
from typing import Any

import pytest

from local.autoscaling import persistence, targets
from local.autoscaling.service import SERVICE
from local.sagemaker.errors import ApiError
from tests.local.autoscaling.conftest import Cloud

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/scones/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
ABSENT = "arn:aws:application-autoscaling:us-east-1:111111111111:scalable-target/absent"
TRACKED = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}


def register(**changes: Any) -> dict[str, Any]:
    return SERVICE.call("RegisterScalableTarget", {**TARGET, "MinCapacity": 1, "MaxCapacity": 4, **changes})


def put_policy(name: str = "load", **changes: Any) -> dict[str, Any]:
    policy = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": TRACKED}
    return SERVICE.call("PutScalingPolicy", {**TARGET, "PolicyName": name, **policy, **changes})


def describe(kind: str = "ScalableTargets", **request: Any) -> list[dict[str, Any]]:
    found = SERVICE.call(f"Describe{kind}", {"ServiceNamespace": "sagemaker", **request})
    return list(found[kind])


def refusal(operation: str, **request: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        SERVICE.call(operation, {**TARGET, **request})
    return caught.value


def test_a_target_is_told_with_its_bounds_role_arn_and_tags(cloud: Cloud) -> None:
    arn = register(Tags={"project": "scones"})["ScalableTargetARN"]
    (target,) = describe()
    assert arn.startswith("arn:aws:application-autoscaling:us-east-1:111111111111:scalable-target/")
    assert {key: target[key] for key in TARGET} == TARGET
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (1, 4, arn)
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert SERVICE.call("ListTagsForResource", {"ResourceARN": arn}) == {"Tags": {"project": "scones"}}
    SERVICE.call("TagResource", {"ResourceARN": arn, "Tags": {"owner": "me"}})
    SERVICE.call("UntagResource", {"ResourceARN": arn, "TagKeys": ["project", "absent"]})
    assert SERVICE.call("ListTagsForResource", {"ResourceARN": arn}) == {"Tags": {"owner": "me"}}


def test_registering_again_changes_what_is_named_and_keeps_the_rest(cloud: Cloud) -> None:
    before = register()
    cloud.status = "Updating"
    SERVICE.call("RegisterScalableTarget", {**TARGET, "MaxCapacity": 6})
    suspended = {"DynamicScalingInSuspended": True}
    assert SERVICE.call("RegisterScalableTarget", {**TARGET, "SuspendedState": suspended}) == before
    (target,) = describe()
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 6)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }


def test_a_burstable_instance_type_is_refused_in_the_words_of_aws(cloud: Cloud) -> None:
    cloud.settings["InstanceType"] = "ml.t2.medium"
    error = refusal("RegisterScalableTarget", MinCapacity=1, MaxCapacity=2)
    assert error.code == "ValidationException"
    assert "cannot register a variant with ml.t2.medium instance type as a scalable target" in error.message


def test_a_serverless_variant_is_refused(cloud: Cloud) -> None:
    cloud.settings = {"VariantName": "AllTraffic", "ServerlessConfig": {"MaxConcurrency": 5}}
    assert "is serverless" in refusal("RegisterScalableTarget", MinCapacity=1, MaxCapacity=2).message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ResourceId": "endpoint/other/variant/AllTraffic"}, "Could not find the variant AllTraffic"),
        ({"ResourceId": "endpoint/scones/variant/other"}, "Could not find the variant other"),
        ({"ResourceId": "service/scones"}, "is not of the form endpoint/ENDPOINT/variant/VARIANT"),
        ({"MinCapacity": 5}, "MinCapacity 5 must not be greater than MaxCapacity 4"),
        ({"MinCapacity": 0}, "must be at least 1"),
        ({"MinCapacity": None}, "needs both MinCapacity and MaxCapacity"),
        ({"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}, "alone, not"),
        ({"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}, "alone, not"),
        ({"ServiceNamespace": "scones"}, "Member must satisfy enum value set"),
        ({"Capacity": 2}, "Member is not known to this operation"),
    ],
)
def test_a_target_that_cannot_be_is_refused_in_a_line_that_says_why(
    changes: dict[str, Any], told: str, cloud: Cloud
) -> None:
    error = refusal("RegisterScalableTarget", **{"MinCapacity": 1, "MaxCapacity": 4, **changes})
    assert error.code == "ValidationException"
    assert told in error.message
    assert describe() == []


def test_an_endpoint_must_be_in_service_to_be_registered(cloud: Cloud) -> None:
    cloud.status = "Updating"
    assert "is Updating" in refusal("RegisterScalableTarget", MinCapacity=1, MaxCapacity=2).message


def test_a_policy_is_told_with_the_defaults_of_aws_and_replaced_under_its_name(cloud: Cloud) -> None:
    register()
    arn = put_policy()["PolicyARN"]
    assert arn.endswith(":resource/sagemaker/endpoint/scones/variant/AllTraffic:policyName/load")
    (policy,) = describe("ScalingPolicies")
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        **TRACKED,
        "ScaleOutCooldown": 300,
        "ScaleInCooldown": 300,
        "DisableScaleIn": False,
    }
    changed = {**TRACKED, "TargetValue": 50.0, "ScaleInCooldown": 60}
    assert put_policy(TargetTrackingScalingPolicyConfiguration=changed)["PolicyARN"] == arn
    (policy,) = describe("ScalingPolicies", PolicyNames=["load"])
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50.0
    assert describe("ScalingPolicies", PolicyNames=["other"]) == []


CUSTOM = {"Namespace": "Scones", "MetricName": "Depth", "Statistic": "Average"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"PolicyType": "StepScaling"}, "TargetTrackingScaling alone, not by StepScaling"),
        ({"PolicyType": "PredictiveScaling"}, "not by PredictiveScaling"),
        ({"PolicyType": None}, "not by StepScaling"),
        ({"TargetTrackingScalingPolicyConfiguration": None}, "needs its configuration"),
        ({"tracked": {"TargetValue": 1.0}}, "either a PredefinedMetricSpecification or"),
        ({"tracked": {**TRACKED, "CustomizedMetricSpecification": CUSTOM}}, "and not both"),
        ({"tracked": {**TRACKED, "TargetValue": 0.0}}, "must be greater than 0"),
        ({"tracked": {**TRACKED, "ScaleInCooldown": -1}}, "ScaleInCooldown must not be negative"),
        (
            {
                "tracked": {
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "RDSReaderAverageCPUUtilization"
                    },
                }
            },
            "not RDSReaderAverageCPUUtilization",
        ),
        (
            {"tracked": {"TargetValue": 1.0, "CustomizedMetricSpecification": {"Metrics": [{"Id": "a"}]}}},
            "no metric math",
        ),
        (
            {"tracked": {"TargetValue": 1.0, "CustomizedMetricSpecification": {"MetricName": "Depth"}}},
            "needs Namespace",
        ),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(
    changes: dict[str, Any], told: str, cloud: Cloud
) -> None:
    register()
    if "tracked" in changes:
        changes = {"TargetTrackingScalingPolicyConfiguration": changes["tracked"]}
    with pytest.raises(ApiError, match=told) as caught:
        put_policy(**changes)
    assert caught.value.code == "ValidationException"
    assert describe("ScalingPolicies") == []


def test_one_metric_is_tracked_by_one_policy(cloud: Cloud) -> None:
    register()
    put_policy()
    custom = {"TargetValue": 1.0, "CustomizedMetricSpecification": CUSTOM}
    put_policy("depth", TargetTrackingScalingPolicyConfiguration=custom)
    with pytest.raises(ApiError, match="Only one TargetTrackingScaling policy"):
        put_policy("other")


def test_what_is_not_there_is_not_found(cloud: Cloud) -> None:
    for operation, request, told in (
        ("DeregisterScalableTarget", {}, "No scalable target registered for service namespace: sagemaker"),
        ("DeleteScalingPolicy", {"PolicyName": "load"}, "policy name: load"),
    ):
        error = refusal(operation, **request)
        assert error.code == "ObjectNotFoundException"
        assert told in error.message
    with pytest.raises(ApiError, match="No scalable target registered") as caught:
        put_policy()
    assert caught.value.code == "ObjectNotFoundException"
    with pytest.raises(ApiError) as caught:
        SERVICE.call("ListTagsForResource", {"ResourceARN": ABSENT})
    assert caught.value.code == "ResourceNotFoundException"


def test_deregistering_takes_the_policies(cloud: Cloud) -> None:
    register()
    put_policy()
    SERVICE.call("DeregisterScalableTarget", TARGET)
    assert describe() == describe("ScalingPolicies") == []
    register()
    put_policy()
    SERVICE.call("DeleteScalingPolicy", {**TARGET, "PolicyName": "load"})
    assert describe("ScalingPolicies") == []


def test_lists_come_in_pages(cloud: Cloud) -> None:
    register()
    for index in range(3):
        custom = {"TargetValue": 1.0, "CustomizedMetricSpecification": {**CUSTOM, "MetricName": f"M{index}"}}
        put_policy(f"policy-{index}", TargetTrackingScalingPolicyConfiguration=custom)
    request: dict[str, Any] = {"ServiceNamespace": "sagemaker", "MaxResults": 2}
    first = SERVICE.call("DescribeScalingPolicies", request)
    second = SERVICE.call("DescribeScalingPolicies", {**request, "NextToken": first["NextToken"]})
    assert len(first["ScalingPolicies"]) == 2
    assert len(second["ScalingPolicies"]) == 1
    assert "NextToken" not in second
    with pytest.raises(ApiError) as caught:
        SERVICE.call("DescribeScalingPolicies", {**request, "NextToken": "-1"})
    assert caught.value.code == "InvalidNextTokenException"


def test_records_outlive_a_restart(cloud: Cloud) -> None:
    register(Tags={"project": "scones"})
    put_policy()
    state = persistence.get_state()
    told = describe(), describe("ScalingPolicies")
    persistence.reset()
    assert describe() == []
    persistence.load_persisted_state(state)
    assert (describe(), describe("ScalingPolicies")) == told
    assert targets.is_registered("scones", "AllTraffic")


def test_an_operation_that_is_not_there_is_named(cloud: Cloud) -> None:
    headers = {"x-amz-target": "AnyScaleFrontendService.PutScheduledAction"}
    status, _, body = asyncio.run(SERVICE.handle_request("POST", "/", headers, b"{}", {}))
    assert status == 400
    assert json.loads(body)["__type"] == "UnknownOperationException"
    assert "PutScheduledAction" in json.loads(body)["message"]
