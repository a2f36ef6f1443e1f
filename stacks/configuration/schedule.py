"""EventBridge Scheduler's cron: whether it is one, and for how many hours a week a schedule leaves on."""

import re
from collections.abc import Mapping, Sequence

MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# What the days of a month and of a week have beside lists and ranges: the last one, the nearest weekday, the
# second Friday. They differ from week to week.
_OF_A_MONTH = {"day of month": r"LW?|([1-9]|[12][0-9]|3[01])W", "day of week": r"([1-7]|[A-Z]{3})(L|#[1-5])"}


def list_weekly_minutes(cron: str) -> frozenset[int] | None:
    """Returns the minutes of a week, from Sunday at 00:00 on, at which a cron fires.

    Args:
        cron: Six fields: minute, hour, day of month, month, day of week, year.

    Returns:
        None for a cron that fires in some weeks otherwise than in others.

    Raises:
        ValueError: It is no cron that EventBridge Scheduler takes.
    """
    fields = cron.upper().split()
    if len(fields) != 6 or [fields[2], fields[4]].count("?") != 1:
        raise ValueError(f"{cron!r} has not six fields with one ? in place of a day")
    minutes = _read(fields[0], "minute", 0, 59)
    hours = _read(fields[1], "hour", 0, 23)
    days_of_month = _read(fields[2], "day of month", 1, 31)
    months = _read(fields[3], "month", 1, 12, _MONTHS)
    days_of_week = _read(fields[4], "day of week", 1, 7, _DAYS)
    years = _read(fields[5], "year", 1970, 2199)
    whole = (days_of_month, 31), (months, 12), (years, 230)
    if any(values is None or len(values) < count for values, count in whole) or days_of_week is None:
        return None
    assert minutes is not None and hours is not None
    return frozenset(
        (day - 1) * MINUTES_A_DAY + hour * 60 + minute
        for day in days_of_week
        for hour in hours
        for minute in minutes
    )


def count_hours_on(schedule: Mapping[str, str]) -> float | None:
    """Returns for how many of a week's 168 hours a schedule leaves its endpoint on.

    A week in which the clocks are changed counts like any other.

    Args:
        schedule: The setting ``endpoint_schedule``.

    Returns:
        None where that differs from week to week.
    """
    off, on = (list_weekly_minutes(schedule[which]) for which in ("off", "on"))
    if off is None or on is None:
        return None
    changes = sorted(off | on)
    minutes = 0
    for change, following in zip(changes, [*changes[1:], changes[0] + MINUTES_A_WEEK], strict=True):
        minutes += following - change if change in on - off else 0
    return minutes / 60


def switches_at_once(schedule: Mapping[str, str]) -> bool:
    """Tells whether a schedule switches off and on in the same minute, as far as the week tells."""
    off, on = (list_weekly_minutes(schedule[which]) for which in ("off", "on"))
    if off is None or on is None:
        return schedule["off"].upper().split() == schedule["on"].upper().split()
    return not off.isdisjoint(on)


def _read(field: str, name: str, least: int, most: int, names: Sequence[str] = ()) -> frozenset[int] | None:
    """Returns the values of a field; None for a day that is told by its month.

    Raises:
        ValueError: The field holds something else.
    """
    if re.fullmatch(_OF_A_MONTH.get(name, r"(?!)"), field) or (name == "day of week" and field == "L"):
        return None
    values: set[int] = set()
    for part in field.split(","):
        shape = re.fullmatch(r"(\*|\?|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]{1,4}))?", part)
        if not shape or (part[0] in "*?" and shape[2]) or (part[0] == "?" and name not in _OF_A_MONTH):
            raise ValueError(f"{field!r} is no {name}")
        first, last, step = shape.groups()
        if first in "*?":
            begin, end = least, most
        else:
            begin = _read_number(first, names)
            end = _read_number(last, names) if last else (most if step else begin)
        if not least <= begin <= end <= most or step == "0":
            raise ValueError(f"{part!r} is no {name} from {least} to {most}")
        values.update(range(begin, end + 1, int(step or 1)))
    return frozenset(values)


def _read_number(text: str, names: Sequence[str]) -> int:
    if text in names:
        return names.index(text) + 1
    if not text.isdecimal():
        others = f" and none of {', '.join(names)}" if names else ""
        raise ValueError(f"{text!r} is no number{others}")
    return int(text)
