"""A DeploymentConfig becomes the steps that AWS documents, and what AWS bars is refused in one line."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.autoscaling import targets
from local.sagemaker.errors import ApiError
from local.sagemaker.hosting.fleets import make_next_fleet
from local.sagemaker.hosting.updating import rules
from local.sagemaker.hosting.updating.plans import Plan, make_plan

ARN = "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e"


def fleet(*counts: int, name: str = "c", **changes: Any) -> dict[str, Any]:
    """Returns a fleet with one variant for each number of instances, named a, b, ..."""
    variants = [
        {
            "VariantName": "abc"[index],
            "ModelName": "none",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": count,
            "InitialVariantWeight": 1.0,
            **changes,
        }
        for index, count in enumerate(counts)
    ]
    return {"EndpointConfigName": name, "ProductionVariants": variants}


def serverless() -> dict[str, Any]:
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "a", "ModelName": "none", "InitialVariantWeight": 1.0}
    return {"EndpointConfigName": "s", "ProductionVariants": [{**variant, "ServerlessConfig": config}]}


def deployment(kind: str, size: tuple[str, int] | None = None, **policy: Any) -> dict[str, Any]:
    routing: dict[str, Any] = {"Type": kind, "WaitIntervalInSeconds": 10}
    if size is not None:
        member = "CanarySize" if kind == "CANARY" else "LinearStepSize"
        routing[member] = {"Type": size[0], "Value": size[1]}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **policy}}


@pytest.mark.parametrize(
    ("kind", "size", "counts", "shares"),
    [
        ("ALL_AT_ONCE", None, (1,), [1.0]),
        ("CANARY", ("CAPACITY_PERCENT", 50), (2,), [0.5, 1.0]),
        ("CANARY", ("CAPACITY_PERCENT", 25), (4,), [0.25, 1.0]),
        # Not less than one instance, and no part of one.
        ("CANARY", ("CAPACITY_PERCENT", 10), (2,), [0.5, 1.0]),
        ("CANARY", ("CAPACITY_PERCENT", 50), (5,), [0.4, 1.0]),
        ("CANARY", ("INSTANCE_COUNT", 1), (3,), [1 / 3, 1.0]),
        ("CANARY", ("INSTANCE_COUNT", 1), (2, 6), [0.25, 1.0]),
        ("LINEAR", ("CAPACITY_PERCENT", 50), (2,), [0.5, 1.0]),
        ("LINEAR", ("INSTANCE_COUNT", 1), (4,), [0.25, 0.5, 0.75, 1.0]),
        ("LINEAR", ("INSTANCE_COUNT", 2), (5,), [0.4, 0.8, 1.0]),
    ],
)
def test_traffic_shifts_in_the_steps_of_the_configuration(
    kind: str, size: tuple[str, int] | None, counts: tuple[int, ...], shares: list[float]
) -> None:
    assert list(make_plan(deployment(kind, size), fleet(*counts)).shares) == pytest.approx(shares)


@given(count=st.integers(2, 100), percent=st.integers(10, 50))
def test_linear_steps_are_even_and_end_with_all_traffic(count: int, percent: int) -> None:
    shares = make_plan(deployment("LINEAR", ("CAPACITY_PERCENT", percent)), fleet(count)).shares
    steps = [after - before for before, after in zip((0.0, *shares), shares, strict=False)]
    assert shares[-1] == 1.0
    assert 0.0 < max(steps) <= 0.5 + 1e-9
    assert all(math.isclose(step, steps[0]) for step in steps[:-1])


@pytest.mark.parametrize(
    ("config", "counts", "words"),
    [
        (deployment("CANARY", ("CAPACITY_PERCENT", 50)), (1,), "CanarySize 50 .* at most 50%"),
        (deployment("CANARY", ("INSTANCE_COUNT", 1)), (1,), "CanarySize 1 .* of the 1 instance"),
        (deployment("CANARY", ("CAPACITY_PERCENT", 51)), (10,), "CanarySize 51 .* at most 50%"),
        (deployment("CANARY", ("INSTANCE_COUNT", 2)), (9, 3), "variant b"),
        (deployment("LINEAR", ("CAPACITY_PERCENT", 9)), (10,), "LinearStepSize 9 .* between 10% and 50%"),
        (deployment("LINEAR", ("INSTANCE_COUNT", 1)), (11,), "LinearStepSize 1 .* between 10% and 50%"),
        (deployment("LINEAR", ("CAPACITY_PERCENT", 50)), (1,), "LinearStepSize 50"),
        (deployment("CANARY"), (2,), "CanarySize is required"),
        (deployment("LINEAR"), (2,), "LinearStepSize is required"),
        (
            deployment("ALL_AT_ONCE", TerminationWaitInSeconds=600, MaximumExecutionTimeoutInSeconds=600),
            (1,),
            "MaximumExecutionTimeoutInSeconds 600 must be larger than the 600 seconds",
        ),
        (
            deployment(
                "LINEAR",
                ("CAPACITY_PERCENT", 50),
                TerminationWaitInSeconds=595,
                MaximumExecutionTimeoutInSeconds=600,
            ),
            (2,),
            "larger than the 605 seconds",
        ),
        ({"RollingUpdatePolicy": {}}, (2,), "RollingUpdatePolicy is not supported"),
    ],
)
def test_a_configuration_that_aws_bars_is_refused(
    config: dict[str, Any], counts: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        make_plan(config, fleet(*counts))
    assert caught.value.code == "ValidationException"


def test_serverless_variants_take_no_deployment_configuration() -> None:
    with pytest.raises(ApiError, match="asynchronous and real-time endpoints only"):
        make_plan(deployment("ALL_AT_ONCE"), serverless())
    with pytest.raises(ApiError, match="asynchronous and real-time endpoints only"):
        rules.check_change({"EndpointArn": ARN, "EndpointName": "e"}, serverless(), fleet(1), guarded=True)


def test_alarms_alone_are_watched_without_baking() -> None:
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "one"}, {"AlarmName": "two"}]}}
    assert make_plan(alarms, fleet(1)) == Plan(alarms=("one", "two"))
    assert make_plan(None, serverless()) == Plan()


def test_traffic_shifts_between_variants_of_the_same_names_alone() -> None:
    record = {"EndpointArn": ARN, "EndpointName": "e"}
    other = fleet(1, name="new", VariantName="other")
    rules.check_change(record, fleet(1), other, guarded=False)
    with pytest.raises(ApiError, match=r"variant names of the old one: a\. new has other"):
        rules.check_change(record, fleet(1), other, guarded=True)


@pytest.mark.parametrize(
    ("after", "registered", "words"),
    [
        (fleet(1, InstanceType="ml.m5.xlarge"), "a", "Variant a .* its instance type cannot change"),
        (fleet(1), "b", "Variant b .* nor can it be removed"),
        (fleet(3, 1, ModelName="other"), "a", None),
        (fleet(1, 1, InstanceType="ml.m5.xlarge"), None, None),
    ],
)
def test_the_instance_type_of_a_variant_that_scales_by_itself_is_kept(
    monkeypatch: pytest.MonkeyPatch, after: dict[str, Any], registered: str | None, words: str | None
) -> None:
    if registered:
        monkeypatch.setitem(targets.targets, targets.make_resource_id("e", registered), {})
    record = {"EndpointArn": ARN, "EndpointName": "e"}
    if words is None:
        rules.check_change(record, fleet(1, 1), after, guarded=False)
        return
    with pytest.raises(ApiError, match=words):
        rules.check_change(record, fleet(1, 1), after, guarded=False)


CAPTURE, OTHER_CAPTURE = {"InitialSamplingPercentage": 1}, {"InitialSamplingPercentage": 2}


@pytest.mark.parametrize(
    ("request_", "count", "weight", "capture"),
    [
        ({}, 5, 0.5, OTHER_CAPTURE),
        ({"RetainAllVariantProperties": False}, 5, 0.5, OTHER_CAPTURE),
        ({"RetainAllVariantProperties": True}, 2, 1.0, CAPTURE),
        ({"RetainAllVariantProperties": True, "excluded": ["DataCaptureConfig"]}, 2, 1.0, OTHER_CAPTURE),
        ({"RetainAllVariantProperties": True, "excluded": ["DesiredInstanceCount"]}, 5, 1.0, CAPTURE),
        ({"RetainAllVariantProperties": True, "excluded": ["DesiredWeight"]}, 2, 0.5, CAPTURE),
    ],
)
def test_an_update_keeps_the_properties_that_it_is_to_retain(
    request_: dict[str, Any], count: int, weight: float, capture: dict[str, Any]
) -> None:
    excluded = [{"VariantPropertyType": kind} for kind in request_.pop("excluded", [])]
    config = {**fleet(5, 7, InitialVariantWeight=0.5), "DataCaptureConfig": OTHER_CAPTURE}
    current = {**fleet(2), "DataCaptureConfig": CAPTURE}
    made = make_next_fleet({**request_, "ExcludeRetainedVariantProperties": excluded}, config, current)
    kept, added = made["ProductionVariants"]
    assert (kept["InitialInstanceCount"], kept["InitialVariantWeight"]) == (count, weight)
    assert (added["InitialInstanceCount"], added["InitialVariantWeight"]) == (7, 0.5)
    assert made["DataCaptureConfig"] == capture
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == 5
