"""A schedule's expression names the moments that AWS documents, also where the clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.scheduler.expressions import check, find_last, find_next

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
DAY = 86400.0


def at(text: str) -> float:
    """Returns a moment that is given in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def following(expression: str, zone: str, since: str, count: int) -> list[str]:
    """Returns the next moments in UTC."""
    told, moment = [], at(since)
    for _ in range(count):
        found = find_next(expression, zone, at("2026-01-01T00:00"), moment)
        assert found is not None
        told.append(datetime.fromtimestamp(found, UTC).strftime("%m-%dT%H:%M"))
        moment = found + 1
    return told


def test_cron_means_the_clock_of_its_time_zone_in_winter_and_in_summer() -> None:
    every_day = "cron(0 20 * * ? *)"
    assert following(every_day, "UTC", "2026-06-01T00:00", 1) == ["06-01T20:00"]
    assert following(every_day, "Europe/Berlin", "2026-01-10T00:00", 1) == ["01-10T19:00"]
    assert following(every_day, "Europe/Berlin", "2026-03-28T12:00", 2) == ["03-28T19:00", "03-29T18:00"]
    assert following("cron(0 7 ? * MON-FRI *)", "Europe/Berlin", "2026-11-27T12:00", 2) == [
        "11-30T06:00",
        "12-01T06:00",
    ]


def test_a_time_that_the_clocks_leap_over_is_passed_over() -> None:
    assert following("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T00:00", 3) == [
        "03-28T01:30",
        "03-30T00:30",
        "03-31T00:30",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    assert following("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T00:00", 3) == [
        "10-24T00:30",
        "10-25T00:30",
        "10-26T01:30",
    ]


def test_at_means_the_clock_of_its_time_zone() -> None:
    noon = "at(2026-07-01T12:00:00)"
    assert find_next(noon, "Europe/Berlin", 0.0, 0.0) == at("2026-07-01T10:00")
    assert find_next(noon, "UTC", 0.0, at("2026-07-01T12:00")) == at("2026-07-01T12:00")
    assert find_next(noon, "UTC", 0.0, at("2026-07-01T12:00") + 1) is None


def test_rate_begins_at_once_and_a_day_of_it_has_24_hours() -> None:
    begun = at("2026-10-24T12:00")
    assert find_next("rate(1 day)", "Europe/Berlin", begun, begun) == begun
    assert find_next("rate(1 day)", "Europe/Berlin", begun, begun + 1) == begun + DAY
    assert find_next("rate(5 minutes)", "UTC", begun, begun + 301) == begun + 600
    assert find_next("rate(2 hours)", "UTC", begun, begun - 999) == begun


def test_of_several_moments_the_last_is_found_and_the_end_does_not_count() -> None:
    every_hour = "cron(0 * * * ? *)"
    since, until = at("2026-06-01T10:00"), at("2026-06-01T15:00")
    assert find_last(every_hour, "UTC", 0.0, since, until) == at("2026-06-01T14:00")
    assert find_last(every_hour, "UTC", 0.0, since, since) is None
    assert find_last(every_hour, "UTC", 0.0, since, since + 1) == since


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "noon",
        "at(noon)",
        "at(2026-02-30T00:00:00)",
        "at(2026-07-01)",
        "rate(5 seconds)",
        "rate(0 minutes)",
        "rate(5minutes)",
        "cron(0 20 * * *)",
        "cron(0 20 * * * *)",
        "cron(61 20 * * ? *)",
        "cron(a b c d ? e)",
    ],
)
def test_what_is_no_expression_is_refused_by_its_name(expression: str) -> None:
    with pytest.raises(ValueError, match="Invalid Schedule Expression") as caught:
        check(expression, "UTC")
    assert expression in str(caught.value)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_time_zone_is_refused_by_its_name(zone: str) -> None:
    with pytest.raises(ValueError, match="Invalid ScheduleExpressionTimezone"):
        check("rate(1 hour)", zone)


@given(
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.integers(0, 59),
    st.floats(at("2020-01-01T00:00"), at("2035-01-01T00:00"), allow_nan=False),
)
def test_each_day_has_its_time_at_most_once_and_none_is_early(
    zone: str, hour: int, minute: int, since: float
) -> None:
    expression = f"cron({minute} {hour} * * ? *)"
    moment = find_next(expression, zone, 0.0, since)
    assert moment is not None
    assert since <= moment <= since + 2.2 * DAY
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    assert (local.hour, local.minute, local.second, local.fold) == (hour, minute, 0, 0)
    second = find_next(expression, zone, 0.0, moment + 1)
    assert second is not None
    assert datetime.fromtimestamp(second, ZoneInfo(zone)).date() > local.date()


@given(st.text(max_size=40), st.sampled_from(ZONES))
def test_any_text_names_moments_or_is_refused(text: str, zone: str) -> None:
    for expression in (text, f"cron({text})", f"at({text})", f"rate({text})"):
        try:
            check(expression, zone)
        except ValueError:
            continue
        assert find_next(expression, zone, 0.0, 0.0) is None or expression
