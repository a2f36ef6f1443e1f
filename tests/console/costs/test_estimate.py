"""What settings cost: never less than nothing, more for more, and less with the endpoint off."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.costs.estimate import (
    Costs,
    estimate_batch,
    estimate_busy,
    estimate_busy_month,
    estimate_endpoint,
    estimate_month,
    estimate_photos,
    estimate_reviews,
    estimate_training,
)
from console.costs.prices import TABLE
from stacks.configuration.endpoint import tell_endpoint_settings
from stacks.configuration.instance_types import HOSTING, TRAINING, TRANSFORM
from stacks.configuration.settings import Settings

PRICED = TABLE["instances"]["usd"]
COUNTS = st.floats(0, 1e9)


@st.composite
def choose_settings(draw: st.DrawFn) -> Settings:
    """Settings that cost something or other, some of types that the table does not have."""
    mode = draw(st.sampled_from(["instance", "serverless", "off"]))
    least = draw(st.integers(1, 5)) if mode == "instance" else 1
    return Settings(
        endpoint_mode=mode,
        endpoint_instance_type=draw(st.sampled_from(sorted(HOSTING))),
        endpoint_min_instances=least,
        endpoint_max_instances=least,
        endpoint_serverless_memory_mb=draw(st.sampled_from([1024, 3072, 6144])),
        training_instance_type=draw(st.sampled_from(sorted(TRAINING))),
        training_max_seconds=draw(st.sampled_from([600, 2700])),
        evaluation_instance_type=draw(st.sampled_from(sorted(TRANSFORM))),
        model_artifact=draw(st.sampled_from(["", "s3://bucket/model.tar.gz"])),
        capture_days=draw(st.integers(1, 400)),
        outcome_days=draw(st.integers(1, 400)),
        log_days=draw(st.sampled_from([1, 30, 365])),
    )


def name_all(settings: Settings, count: float) -> list[Costs]:
    return [
        estimate_month(settings),
        estimate_month(settings, switched_off=True),
        estimate_photos(settings, count),
        estimate_batch(settings, count),
        estimate_reviews(settings, count),
        estimate_training(settings),
    ]


@given(settings=choose_settings(), count=COUNTS)
def test_no_cost_is_below_nothing(settings: Settings, count: float) -> None:
    assert estimate_busy_month(settings) >= 0
    for costs in name_all(settings, count):
        assert all(0 <= item.least <= item.most for item in costs.items.values())
        assert 0 <= costs.total().least <= costs.total().most


@given(settings=choose_settings(), fewer=COUNTS, more=COUNTS)
def test_more_photos_never_cost_less(settings: Settings, fewer: float, more: float) -> None:
    fewer, more = sorted((fewer, more))
    for estimate in (estimate_photos, estimate_batch, estimate_reviews):
        assert estimate(settings, fewer).total().most <= estimate(settings, more).total().most
    for batched in (False, True):
        less, most = (estimate_busy(settings, count, batched=batched).total() for count in (fewer, more))
        assert less.most <= most.most


@given(settings=choose_settings(), photos=COUNTS)
def test_a_month_of_photos_costs_what_it_costs_without_and_each_photo_beside(
    settings: Settings, photos: float
) -> None:
    idle, busy = estimate_month(settings), estimate_busy(settings, photos)
    assert busy.unknown == idle.unknown
    # No name of one is lost in a name of the other.
    for costs in (idle, estimate_photos(settings, 30 * photos)):
        for what, dollars in costs.items.items():
            assert busy.items[what] == dollars


def test_looking_for_drift_costs_no_more_from_some_photos_on() -> None:
    def cost(photos: int) -> float:
        return estimate_busy(Settings(), photos).items["drift, looked at each day"].most

    assert cost(100) < cost(2_000) == cost(1_000_000)


def test_ten_thousand_photos_a_day_cost_what_a_calculation_by_hand_gives() -> None:
    items = estimate_busy(Settings(), 10_000).items
    # 300,000 photos of six states each, at $0.025 a thousand.
    assert items["state machine"].most == pytest.approx(45)
    # 1,000 of 2 KB wait, 8,640 times looked at, $0.125 for a million times 8 KB.
    assert items["counting what waits for a review"].most == pytest.approx(0.27)


@given(
    instance_type=st.sampled_from(sorted(PRICED.keys() & HOSTING)),
    counts=st.lists(st.integers(1, 100), min_size=4, max_size=4),
)
def test_more_instances_never_cost_less(instance_type: str, counts: list[int]) -> None:
    least, less, more, most = sorted(counts)
    told = {"mode": "instance", "instance_type": instance_type, "schedule": {}}
    few = estimate_endpoint({**told, "least": least, "most": less}).total()
    many = estimate_endpoint({**told, "least": more, "most": most}).total()
    assert 0 < few.least <= few.most <= many.most
    assert few.least <= many.least


@given(off=st.integers(1, 23), earlier=st.integers(1, 23))
def test_more_hours_never_cost_less_and_all_of_them_the_most(off: int, earlier: int) -> None:
    def cost(hour: int) -> float:
        schedule = {"on": "0 0 ? * * *", "off": f"0 {hour} ? * * *", "time_zone": "UTC"}
        told = tell_endpoint_settings(Settings(endpoint_schedule=schedule))
        return estimate_endpoint(told).total().most

    earlier, off = sorted((earlier, off))
    always = estimate_endpoint(tell_endpoint_settings(Settings())).total().most
    assert 0 < cost(earlier) <= cost(off) < always


@given(settings=choose_settings())
def test_an_endpoint_that_is_off_costs_less_than_one_that_is_on(settings: Settings) -> None:
    on, off = estimate_month(settings).total(), estimate_month(settings, switched_off=True).total()
    assert off.most <= on.most
    if settings.endpoint_mode == "instance" and settings.endpoint_instance_type in PRICED:
        assert off.most < on.least


@given(settings=choose_settings())
def test_a_type_without_a_price_is_named_and_left_out(settings: Settings) -> None:
    asked = {settings.evaluation_instance_type}
    if not settings.model_artifact:
        asked.add(settings.training_instance_type)
    assert set(estimate_training(settings).unknown) == asked - set(PRICED)


def test_a_schedule_of_some_weeks_leaves_a_month_between_nothing_and_always_on() -> None:
    schedule = {"off": "0 20 ? * MON-FRI *", "on": "0 7 1 * ? *", "time_zone": "UTC"}
    month = estimate_endpoint(tell_endpoint_settings(Settings(endpoint_schedule=schedule))).total()
    assert month == (0, estimate_endpoint(tell_endpoint_settings(Settings())).total().most)


def test_a_given_model_costs_no_training() -> None:
    trained = estimate_training(Settings())
    given = estimate_training(Settings(model_artifact="s3://bucket/model.tar.gz"))
    assert [what.partition(",")[0] for what in given.items] == ["evaluation"]
    assert [what.partition(",")[0] for what in trained.items] == ["training", "evaluation"]


def test_at_most_a_training_leaves_the_time_to_an_evaluation_that_is_dearer() -> None:
    dear = Settings(evaluation_instance_type="ml.p3.2xlarge")
    # A training may end at once: all 57 minutes at $3.825 an hour.
    assert estimate_training(dear).total().most == pytest.approx(3.825 * 57 / 60)
    assert [what.partition(",")[0] for what in estimate_training(dear).items] == ["training", "evaluation"]


def test_an_alarm_of_no_traffic_is_paid_too() -> None:
    without, told = (
        estimate_month(Settings(alarm_no_traffic_hours=hours)).items["alarms"].most for hours in (0, 24)
    )
    assert told - without == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("changed", "dearer"),
    [
        (
            {"endpoint_mode": "serverless"},
            {"endpoint_mode": "serverless", "endpoint_serverless_memory_mb": 6144},
        ),
        ({"capture_days": 1}, {"capture_days": 30}),
        ({"outcome_days": 1}, {"outcome_days": 90}),
        ({"log_days": 1}, {"log_days": 30}),
        # A serverless endpoint's traffic is not captured, and each answer is paid.
        ({}, {"endpoint_mode": "serverless"}),
    ],
)
def test_what_photos_cost_follows_from_the_settings(changed: dict[str, Any], dearer: dict[str, Any]) -> None:
    less, more = (estimate_photos(Settings(**values), 1000).total().most for values in (changed, dearer))
    assert less < more


def test_the_default_settings_cost_what_a_calculation_by_hand_gives() -> None:
    # 730 hours of ml.t2.medium, as nothing else of a month costs as much.
    assert estimate_endpoint(tell_endpoint_settings(Settings())).total().most == pytest.approx(40.88)
    # Six states at $0.025 a thousand for each of a thousand photos.
    assert estimate_photos(Settings(), 1000).items["state machine"].most == pytest.approx(0.15)
    # 45 minutes at $0.736 an hour.
    assert estimate_training(Settings()).items["training, 1 ml.g4dn.xlarge"].most == pytest.approx(0.552)
