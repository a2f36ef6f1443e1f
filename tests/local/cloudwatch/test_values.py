"""The values of a metric are found by their time, whenever they were put, until they are too old."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import cloudwatch

from local.cloudwatch import values

KEY = ("n", "m", "")
WEEKS = cloudwatch.TWO_WEEKS_SECONDS


@pytest.fixture(scope="module", autouse=True)
def _install() -> Iterator[None]:
    before = dict(vars(cloudwatch))
    values.install()
    yield
    cloudwatch.reset()
    vars(cloudwatch).update(before)


def put(*moments: float, many: int = 1) -> None:
    for moment in moments:
        cloudwatch._store_datum("n", "m", {}, moment, "None", None, [moment] * many, None, None)


def find(start: float, end: float) -> list[Any]:
    return [value["Value"] for value in values.find_values(KEY, start, end)]


@given(st.lists(st.integers(0, 30)), st.integers(0, 30), st.integers(0, 30))
def test_values_are_found_by_their_time_in_whatever_order_they_came(
    moments: list[int], start: int, end: int
) -> None:
    cloudwatch.reset()
    put(*moments, many=2)
    assert find(start, end) == [moment for moment in sorted(2 * moments) if start <= moment < end]


def test_values_that_are_too_old_are_left_out_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch.reset()
    values._evicted.clear()
    put(100, 200)
    kept = cloudwatch._metrics[KEY]
    monkeypatch.setattr(values.time, "time", lambda: 150 + WEEKS)
    cloudwatch._evict_old_metrics()
    # Whoever adds to the list at this moment adds to what is kept.
    assert cloudwatch._metrics[KEY] is kept
    assert find(0, 300) == [200]
    monkeypatch.setattr(values.time, "time", lambda: 201 + WEEKS)
    cloudwatch._evict_old_metrics()
    assert find(0, 300) == [200]
    monkeypatch.setattr(values.time, "time", lambda: 211 + WEEKS)
    cloudwatch._evict_old_metrics()
    assert not cloudwatch._metrics
