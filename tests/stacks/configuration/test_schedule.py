"""EventBridge Scheduler's cron, and for how many hours a week a schedule leaves the endpoint on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.configuration.schedule import (
    MINUTES_A_WEEK,
    count_hours_on,
    list_weekly_minutes,
    switches_at_once,
)

MONDAY = 24 * 60


@pytest.mark.parametrize(
    ("cron", "minutes"),
    [
        ("0 7 ? * MON *", {MONDAY + 7 * 60}),
        ("5,10 0 ? * 1 *", {5, 10}),
        ("0/30 0 ? * SUN *", {0, 30}),
        ("0 0-12/6 ? * sun *", {0, 360, 720}),
        ("0 0 * * ? *", set(range(0, MINUTES_A_WEEK, MONDAY))),
        ("0 0 ? JAN-DEC SAT 1970-2199", {6 * MONDAY}),
    ],
)
def test_a_cron_fires_at_these_minutes_of_a_week(cron: str, minutes: set[int]) -> None:
    assert list_weekly_minutes(cron) == minutes


@pytest.mark.parametrize(
    "cron",
    [
        *("0 7 1 * ? *", "0 7 L * ? *", "0 7 15W * ? *", "0 7 LW * ? *"),
        *("0 7 ? * 2#1 *", "0 7 ? * FRIL *", "0 7 ? * L *", "0 7 ? 1-6 MON *", "0 7 ? * MON 2027"),
    ],
)
def test_a_cron_that_goes_by_months_fires_otherwise_in_some_weeks(cron: str) -> None:
    assert list_weekly_minutes(cron) is None


@pytest.mark.parametrize(
    "cron",
    [
        *("", "0 7 * * *", "0 7 * * * *", "0 7 ? * ? *", "60 7 ? * MON *", "0 24 ? * MON *"),
        *("0 7 ? * MOON *", "0 7 ? * 0 *", "0 7 ? * 8 *", "0 7 32 * ? *", "0 7 ? 13 MON *", "? 7 ? * MON *"),
        *("0/0 7 ? * MON *", "0 7 ? * FRI-MON *", "0 7 ? * MON 1969", "-1 7 ? * MON *", "*-5 7 ? * MON *"),
        "\N{ARABIC-INDIC DIGIT FIVE} 7 ? * MON *",
    ],
)
def test_what_is_no_cron_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list_weekly_minutes(cron)


@given(st.from_regex(re.compile(r"[0-9*?/,LW#A-Z -]{0,30}"), fullmatch=True))
def test_any_text_is_a_cron_or_is_refused(text: str) -> None:
    try:
        minutes = list_weekly_minutes(text)
    except ValueError:
        return
    assert minutes is None or minutes <= set(range(MINUTES_A_WEEK))


@pytest.mark.parametrize(
    ("off", "on", "hours"),
    [
        ("0 20 ? * MON-FRI *", "0 7 ? * MON-FRI *", 5 * 13),
        # Off from Friday evening on, over the end of the week.
        ("0 20 ? * FRI *", "0 7 ? * MON *", 4 * 24 + 13),
        ("30 12 * * ? *", "0 12 * * ? *", 3.5),
        # Switched on twice is on.
        ("0 20 ? * MON *", "0 7,8 ? * MON *", 13),
        ("0 20 1 * ? *", "0 7 ? * MON *", None),
    ],
)
def test_the_hours_of_a_week_between_on_and_off_are_counted(off: str, on: str, hours: float | None) -> None:
    assert count_hours_on({"off": off, "on": on}) == hours


@pytest.mark.parametrize(
    ("off", "on", "same"),
    [
        ("00 20 ? * 2-6 *", "0 20 ? * MON-FRI *", True),
        # On Mondays alone.
        ("0 20 * * ? *", "0 20 ? * MON *", True),
        ("0 20 l * ? *", "0 20  L * ? *", True),
        ("0 20 L * ? *", "0 7 L * ? *", False),
        ("0 20 ? * MON *", "0 20 ? * TUE *", False),
    ],
)
def test_off_and_on_in_the_same_minute_are_found_in_whatever_words(off: str, on: str, same: bool) -> None:
    assert switches_at_once({"off": off, "on": on}) is same
