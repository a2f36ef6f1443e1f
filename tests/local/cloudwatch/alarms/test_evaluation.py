"""An alarm's state follows from its data points as the examples and the rules of AWS's documentation say.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloudwatch.alarms.evaluation import TREATMENTS, decide

FLAGS = {"0": False, "X": True, "-": None}
ALARM, OK, UNKNOWN, KEPT = "ALARM", "OK", "INSUFFICIENT_DATA", None


def read(row: str) -> list[bool | None]:
    return [FLAGS[sign] for sign in row.split()]


@pytest.mark.parametrize(
    ("row", "needed", "missing", "ignore", "breaching", "not_breaching"),
    [
        # "Datapoints to Alarm and Evaluation Periods are both 3"
        ("0 - X - X", 3, OK, OK, OK, OK),
        ("0 - - - -", 3, OK, OK, OK, OK),
        ("- - - - -", 3, UNKNOWN, KEPT, ALARM, OK),
        ("0 X X - X", 3, ALARM, ALARM, ALARM, ALARM),
        ("- - X - -", 3, ALARM, KEPT, ALARM, OK),
        # "a 2 out of 3, M out of N alarm"
        ("0 - X - X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0 0 X 0 X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0 - X - -", 2, OK, OK, ALARM, OK),
        ("- - - - 0", 2, OK, OK, ALARM, OK),
        ("- - - X -", 2, ALARM, KEPT, ALARM, OK),
    ],
)
def test_the_rows_of_the_documentations_tables(
    row: str, needed: int, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    states = [decide(read(row), 3, needed, treatment) for treatment in TREATMENTS]
    assert states == [missing, ignore, breaching, not_breaching]


@pytest.mark.parametrize("row", ["- - - - X", "- - - X -", "- - - X 0", "- - X - 0"])
def test_data_that_have_only_begun_to_breach_raise_no_alarm(row: str) -> None:
    assert decide(read(row), 3, 3, "missing") == OK


def decide_slowly(points: list[bool | None], periods: int, needed: int, treatment: str) -> str | None:
    """The documentation's rules, one after the other, in its own order."""
    newest_first = list(reversed(points))
    real = [point for point in newest_first if point is not None]
    if len(real) >= periods:
        recent = real[:periods]
        return ALARM if recent.count(True) >= needed else OK
    filling = {"breaching": True, "notBreaching": False}
    if treatment in filling:
        filled = real + [filling[treatment]] * (periods - len(real))
        return ALARM if filled.count(True) >= needed else OK
    if real.count(True) >= needed:
        return ALARM
    if real.count(False):
        return OK
    if treatment == "ignore":
        return KEPT
    if not real:
        return UNKNOWN
    oldest_breaching = max(age for age, point in enumerate(newest_first, 1) if point)
    return ALARM if oldest_breaching >= needed else OK


@st.composite
def alarms(draw: st.DrawFn) -> tuple[list[bool | None], int, int, str]:
    periods = draw(st.integers(1, 6))
    points = draw(st.lists(st.sampled_from([True, False, None]), min_size=periods + 2, max_size=periods + 2))
    return points, periods, draw(st.integers(1, periods)), draw(st.sampled_from(TREATMENTS))


@given(alarms())
def test_the_state_is_the_one_of_the_rules(alarm: tuple[list[bool | None], int, int, str]) -> None:
    assert decide(*alarm) == decide_slowly(*alarm)
