"""A variant gets as many instances as its policies and bounds say, at the minute that AWS would."""

from typing import Any

import pytest

from local.autoscaling import targets
from local.autoscaling.scaling import Scaler
from local.autoscaling.service import SERVICE
from tests.local.autoscaling.conftest import START, Cloud
from tests.local.autoscaling.test_operations import CUSTOM, TARGET, TRACKED, describe, put_policy, register

MINUTE = 60


class Scaled:
    """A registered variant, whose traffic is told in invocations per instance, minute by minute."""

    def __init__(self, cloud: Cloud, **tracked: Any) -> None:
        """Registers the variant with a target of 100 invocations per instance."""
        self.cloud = cloud
        self.scaler = Scaler(lambda: cloud.now)
        register()
        put_policy(TargetTrackingScalingPolicyConfiguration={**TRACKED, **tracked})
        self.allow_history()

    def allow_history(self) -> None:
        """Lets the policies be older than all that is measured."""
        for policy in targets.policies.values():
            policy["CreationTime"] = START - 3600

    def be_busy(self) -> None:
        """Lets there have been fifteen minutes with just as much traffic as the target allows."""
        for minute in range(-15, 0):
            self.cloud.metric[START + minute * MINUTE] = 95

    def pass_minutes(self, *values: float) -> list[int]:
        """Lets a minute pass with each of these values; returns the counts that were asked for meanwhile."""
        asked = len(self.cloud.asked)
        for value in values:
            self.cloud.metric[self.cloud.now] = value
            self.cloud.now += MINUTE
            self.scaler.look()
            self.scaler.look()
        return self.cloud.asked[asked:]


@pytest.fixture
def scaled(cloud: Cloud) -> Scaled:
    return Scaled(cloud)


def activities() -> list[tuple[str, str]]:
    return [(each["StatusCode"], each["Description"]) for each in describe("ScalingActivities")]


def test_it_scales_out_in_the_third_minute_above_the_target_by_what_the_load_needs(scaled: Scaled) -> None:
    assert scaled.pass_minutes(250, 250) == []
    assert scaled.pass_minutes(250) == [3]
    assert activities() == [("Successful", "Setting desired instance count to 3.")]
    (told,) = describe("ScalingActivities")
    assert told["Cause"].startswith(
        "monitor alarm TargetTracking-endpoint/scones/variant/AllTraffic-AlarmHigh"
    )
    assert told["Cause"].endswith("triggered policy load")
    assert told["EndTime"] >= told["StartTime"]


def test_a_minute_that_is_not_above_begins_the_count_anew(scaled: Scaled) -> None:
    assert scaled.pass_minutes(250, 250, 100, 250, 250) == []
    assert scaled.pass_minutes(250) == [3]


def test_it_never_leaves_its_bounds(scaled: Scaled) -> None:
    assert scaled.pass_minutes(5000, 5000, 5000) == [4]
    assert scaled.pass_minutes(*[5000] * 10) == []
    assert scaled.pass_minutes(*[0] * 15) == [1]
    assert scaled.pass_minutes(*[0] * 20) == []


def test_the_cooldown_holds_back_more_of_the_same_and_lets_a_larger_need_through(scaled: Scaled) -> None:
    assert scaled.pass_minutes(150, 150, 150) == [2]
    assert scaled.pass_minutes(140) == []
    assert scaled.pass_minutes(200) == [3]
    assert scaled.pass_minutes(101, 101, 101, 101) == []
    assert scaled.pass_minutes(101, 101) == [4]


def test_it_scales_in_after_fifteen_minutes_below_nine_tenths(cloud: Cloud) -> None:
    cloud.count = 4
    scaled = Scaled(cloud)
    scaled.be_busy()
    assert scaled.pass_minutes(*[40] * 14) == []
    assert scaled.pass_minutes(40) == [2]
    assert "AlarmLow" in describe("ScalingActivities")[0]["Cause"]


def test_it_keeps_the_instances_that_the_busiest_of_those_minutes_needed(cloud: Cloud) -> None:
    cloud.count = 4
    scaled = Scaled(cloud)
    scaled.be_busy()
    assert scaled.pass_minutes(*[20] * 7, 70, *[20] * 7) == [3]


def test_it_does_not_shrink_where_the_load_is_just_below_the_target(cloud: Cloud) -> None:
    cloud.count = 2
    scaled = Scaled(cloud)
    assert scaled.pass_minutes(*[95] * 20) == []


def test_a_variant_without_traffic_shrinks_to_its_least(cloud: Cloud) -> None:
    cloud.count = 4
    scaled = Scaled(cloud)
    cloud.now += 15 * MINUTE
    scaled.scaler.look()
    assert cloud.asked == [1]


def test_a_policy_that_is_new_knows_nothing_of_what_was_before(cloud: Cloud) -> None:
    cloud.count = 4
    scaled = Scaled(cloud)
    for policy in targets.policies.values():
        policy["CreationTime"] = START
    assert scaled.pass_minutes(*[0] * 14) == []
    assert scaled.pass_minutes(0) == [1]


def test_after_scaling_in_it_waits_for_the_cooldown(cloud: Cloud) -> None:
    cloud.count = 4
    scaled = Scaled(cloud, ScaleInCooldown=600)
    scaled.be_busy()
    assert scaled.pass_minutes(*[60] * 15) == [3]
    assert scaled.pass_minutes(*[0] * 9) == []
    assert scaled.pass_minutes(0) == [2]


def test_scale_in_can_be_disabled(cloud: Cloud) -> None:
    cloud.count = 4
    assert Scaled(cloud, DisableScaleIn=True).pass_minutes(*[0] * 20) == []


def test_what_is_suspended_does_not_happen(scaled: Scaled) -> None:
    state = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True}
    register(SuspendedState=state)
    assert scaled.pass_minutes(250, 250, 250) == []
    register(SuspendedState={**state, "DynamicScalingOutSuspended": False})
    assert scaled.pass_minutes(250) == [3]
    assert scaled.pass_minutes(*[0] * 30) == []


def test_a_target_whose_least_is_above_the_present_count_scales_at_once(cloud: Cloud) -> None:
    scaler = Scaler(lambda: cloud.now)
    register(MinCapacity=3)
    assert targets.changed.is_set()
    scaler.look()
    assert cloud.asked == [3]
    scaler.look()
    assert activities() == [("Successful", "Setting desired instance count to 3.")]
    assert describe("ScalingActivities")[0]["Cause"] == "minimum capacity was set to 3"
    register(MinCapacity=1, MaxCapacity=2)
    scaler.look()
    assert cloud.asked == [3, 2]


def test_it_waits_until_an_endpoint_is_in_service_and_tells_meanwhile_what_it_does(cloud: Cloud) -> None:
    scaler = Scaler(lambda: cloud.now)
    cloud.takes_time = True
    register(MinCapacity=2)
    scaler.look()
    scaler.look()
    assert cloud.asked == [2]
    assert activities() == [("InProgress", "Setting desired instance count to 2.")]
    cloud.status, cloud.count = "InService", 2
    scaler.look()
    assert activities() == [("Successful", "Setting desired instance count to 2.")]


def test_a_change_that_sagemaker_refuses_has_failed_and_is_tried_again_a_minute_later(cloud: Cloud) -> None:
    scaler = Scaler(lambda: cloud.now)
    cloud.refusal = "The account-level service limit is 1 Instances"
    register(MinCapacity=2)
    scaler.look()
    scaler.look()
    assert activities() == [("Failed", "Setting desired instance count to 2.")]
    assert "service limit" in describe("ScalingActivities")[0]["StatusMessage"]
    cloud.refusal = None
    cloud.now += MINUTE
    scaler.look()
    assert cloud.asked == [2]


def test_deleting_the_endpoint_takes_the_target_and_its_policies(scaled: Scaled) -> None:
    scaled.cloud.endpoint = "another"
    assert scaled.scaler.look()
    assert describe() == describe("ScalingPolicies") == []
    assert not scaled.scaler.look()


def test_a_customized_metric_is_read_as_it_is_named_and_lacking_data_change_nothing(cloud: Cloud) -> None:
    cloud.count = 4
    dimensions = [{"Name": "Queue", "Value": "photos"}]
    custom = {"TargetValue": 10.0, "CustomizedMetricSpecification": {**CUSTOM, "Dimensions": dimensions}}
    register()
    put_policy(TargetTrackingScalingPolicyConfiguration=custom)
    scaler = Scaler(lambda: cloud.now)
    cloud.now += 20 * MINUTE
    scaler.look()
    assert cloud.asked == []
    read = cloud.read[-1]
    assert (read["Namespace"], read["MetricName"]) == ("Scones", "Depth")
    assert (read["Dimensions"], read["Statistics"], read["Period"]) == (dimensions, ["Average"], 60)
    for minute in range(15):
        cloud.metric[cloud.now + minute * MINUTE] = 2.0
    cloud.now += 15 * MINUTE
    scaler.look()
    assert cloud.asked == [1]


def test_the_metric_of_sagemaker_is_read_for_the_variant(scaled: Scaled) -> None:
    scaled.pass_minutes(1)
    read = scaled.cloud.read[-1]
    assert (read["Namespace"], read["MetricName"]) == ("AWS/SageMaker", "InvocationsPerInstance")
    assert read["Dimensions"] == [
        {"Name": "EndpointName", "Value": "scones"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
    assert read["Statistics"] == ["Sum"]


def test_of_several_policies_the_one_that_wants_most_wins(scaled: Scaled) -> None:
    custom = {"TargetValue": 10.0, "CustomizedMetricSpecification": CUSTOM}
    put_policy("depth", TargetTrackingScalingPolicyConfiguration=custom)
    scaled.allow_history()
    assert scaled.pass_minutes(35, 35, 35) == [4]


def test_a_variant_that_is_no_target_any_more_is_left_alone(scaled: Scaled) -> None:
    SERVICE.call("DeregisterScalableTarget", TARGET)
    assert scaled.pass_minutes(*[500] * 5) == []
