"""An update goes its steps under the alarms, and whatever ends it leaves the blue fleet alone in service."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local.sagemaker import emulator
from local.sagemaker.emulator import Place
from local.sagemaker.hosting import endpoints, variants
from local.sagemaker.hosting.traffic import Traffic, serving
from local.sagemaker.hosting.updating import update
from local.sagemaker.hosting.updating.alarms import AlarmsUnwatched
from local.sagemaker.hosting.updating.plans import Plan
from local.sagemaker.hosting.updating.update import Update
from local.sagemaker.records import ENDPOINT_CONFIGS, MODELS
from tests.local.sagemaker.updating.test_plans import fleet


class Fleet(variants.Deployment):
    """A deployment without servers that knows whether it was ended."""

    ended = False

    def end(self, patience: float = 0) -> None:
        object.__setattr__(self, "ended", True)


def make_variant(name: str, weight: float = 1.0) -> Any:
    nothing: Any = None
    return variants.Variant(name, weight, False, nothing, nothing, nothing, Path())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(port=0, home=tmp_path)
    emulator.install(place)
    monkeypatch.setitem(MODELS.store, "none", {"ExecutionRoleArn": "role", "Containers": []})
    return place


@pytest.fixture
def blue() -> Fleet:
    return Fleet((make_variant("a"),))


@pytest.fixture
def green(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    green = Fleet((make_variant("a"),))
    monkeypatch.setattr(variants, "start", lambda *_: green)
    return green


def make_record() -> dict[str, Any]:
    return {"EndpointName": "e", "EndpointArn": "arn", "EndpointConfigName": "old"}


def shares_of(traffic: Traffic) -> list[float]:
    return [share for _, share in traffic._shares]


def test_each_step_is_told_and_watched(
    place: Place, blue: Fleet, green: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic, record, seen = Traffic(blue), make_record(), []

    def look(names: Any, role_arn: str) -> list[str]:
        assert (names, role_arn) == (("alarm",), "role")
        [variant] = record["PendingDeploymentSummary"]["ProductionVariants"]
        told = (
            variant["VariantStatus"][0]["Status"],
            variant["CurrentInstanceCount"],
            variant["CurrentWeight"],
        )
        seen.append((*told, shares_of(traffic)))
        return []

    monkeypatch.setattr(update, "find_tripped", look)
    Update(record, traffic, fleet(4), Plan(shares=(0.25, 0.5, 1.0), alarms=("alarm",))).run()
    assert seen == [
        ("Creating", 0, 0.0, [1.0]),
        ("Baking", 4, 0.25, [0.75, 0.25]),
        ("Baking", 4, 0.5, [0.5, 0.5]),
        ("Baking", 4, 1.0, [0.0, 1.0]),
    ]
    assert (record["EndpointStatus"], record["EndpointConfigName"]) == ("InService", "c")
    assert "PendingDeploymentSummary" not in record
    assert (traffic.deployments, blue.ended, green.ended) == ((green,), True, False)


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_an_alarm_at_any_time_returns_all_traffic_to_the_blue_fleet(
    place: Place, blue: Fleet, green: Fleet, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    states = [[]] * looks + [["late"]]
    monkeypatch.setattr(update, "find_tripped", lambda *_: states.pop(0))
    traffic, record = Traffic(blue), make_record()
    Update(record, traffic, fleet(2), Plan(shares=(0.5, 1.0), alarms=("late",))).run()
    assert (record["EndpointStatus"], record["EndpointConfigName"]) == ("InService", "old")
    assert "late" in record["FailureReason"]
    assert (traffic.deployments, blue.ended, green.ended) == ((blue,), False, looks > 0)


def test_an_update_that_takes_too_long_is_rolled_back(place: Place, blue: Fleet, green: Fleet) -> None:
    traffic, record = Traffic(blue), make_record()
    Update(record, traffic, fleet(1), Plan(baking=3600, timeout=1e-9)).run()
    assert record["EndpointStatus"] == "InService"
    assert "took longer than its MaximumExecutionTimeoutInSeconds" in record["FailureReason"]
    assert (traffic.deployments, green.ended) == ((blue,), True)


def test_an_update_whose_alarms_cannot_be_watched_does_not_begin(
    place: Place, blue: Fleet, green: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> list[str]:
        raise AlarmsUnwatched("There is no alarm gone to watch over the update.")

    monkeypatch.setattr(update, "find_tripped", refuse)
    traffic, record = Traffic(blue), make_record()
    Update(record, traffic, fleet(1), Plan(alarms=("gone",))).run()
    assert record["FailureReason"] == "There is no alarm gone to watch over the update."
    assert (traffic.deployments, green.ended) == ((blue,), False)


def test_an_update_ends_at_once_when_the_cloud_stops_and_is_told_of_when_it_is_back(
    place: Place, blue: Fleet, green: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic, record = Traffic(blue), make_record()
    under_way = Update(record, traffic, fleet(1), Plan(baking=3600))
    place.closing.set()
    under_way.run()
    assert (record["EndpointStatus"], green.ended) == ("Updating", True)

    place.closing.clear()
    monkeypatch.setattr(endpoints, "wait_until_serving", lambda _: None)
    monkeypatch.setitem(ENDPOINT_CONFIGS.store, "old", fleet(1, name="old"))
    endpoints.restore(record)
    emulator.finish_work(10)
    assert serving.pop("arn").blue is green
    assert (record["EndpointStatus"], record["EndpointConfigName"]) == ("InService", "old")
    assert "in the middle of the update to endpoint configuration c: old goes on" in record["FailureReason"]
    assert "PendingDeploymentSummary" not in record


def test_requests_pick_a_fleet_by_its_share_and_then_a_variant_by_its_weight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "choices", random.Random(1).choices)
    blue, green = (Fleet((make_variant("a", 3.0), make_variant("b", 1.0))) for _ in range(2))
    traffic = Traffic(blue)
    traffic.shift(green, 0.25)
    chosen = Counter((variant in green.variants, variant.name) for variant in pick(traffic, None))
    expected = {(False, "a"): 2250, (False, "b"): 750, (True, "a"): 750, (True, "b"): 250}
    assert {key: chosen[key] / 4000 for key in expected} == pytest.approx(
        {key: count / 4000 for key, count in expected.items()}, abs=0.03
    )
    named = Counter(variant in green.variants for variant in pick(traffic, "b"))
    assert named[True] / 4000 == pytest.approx(0.25, abs=0.03)
    assert traffic.choose("c") is None
    traffic.settle(blue)
    assert not traffic.holds(green.variants[0])


def pick(traffic: Traffic, name: str | None) -> list[variants.Variant]:
    chosen = [traffic.choose(name) for _ in range(4000)]
    return [variant for variant in chosen if variant is not None]
