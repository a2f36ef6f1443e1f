"""The moments that a schedule's expression names in its time zone.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import math
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ministack.services import eventbridge

from local.patching import find_original

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}

_parse_cron = find_original(eventbridge, "_parse_cron_fields")
_find_next_by_cron = find_original(eventbridge, "_cron_next_fire")


def check(expression: str, zone: str) -> None:
    """Raises ValueError, in words for the person who reads it, where an expression names no moments."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"Invalid ScheduleExpressionTimezone {zone}.") from None
    try:
        find_next(expression, zone, 0.0, 0.0)
    except ValueError:
        raise ValueError(f"Invalid Schedule Expression {expression}.") from None


def is_one_time(expression: str) -> bool:
    """Returns whether an expression names one moment alone."""
    return expression.startswith("at(")


def find_last(expression: str, zone: str, anchor: float, since: float, until: float) -> float | None:
    """Returns the last moment from ``since`` on and before ``until``, None where there is none.

    Args:
        expression: ``at(…)``, ``rate(…)`` or ``cron(…)`` of six fields.
        zone: IANA's name of the time zone that ``at`` and ``cron`` mean.
        anchor: When a ``rate`` begins; it and all others are in seconds since 1970.
        since: The first moment that counts.
        until: The first moment that does not count any more.
    """
    last = None
    moment = find_next(expression, zone, anchor, since)
    while moment is not None and moment < until:
        last = moment
        moment = find_next(expression, zone, anchor, moment + 1)
    return last


def find_next(expression: str, zone: str, anchor: float, since: float) -> float | None:
    """Returns the first moment from ``since`` on, None where none comes any more; as ``find_last``.

    A day of ``rate`` has 24 hours. A time that the clocks leap over in spring is passed over, and one that
    comes twice in autumn counts once.

    Raises:
        ValueError: It is no expression.
    """
    if found := _RATE.fullmatch(expression):
        interval = int(found[1]) * _SECONDS[found[2]]
        if not interval:
            raise ValueError(expression)
        return anchor + max(0, math.ceil((since - anchor) / interval)) * interval
    if found := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=ZoneInfo(zone)).timestamp()
        return moment if moment >= since else None
    fields = _parse_cron(expression)
    if fields is None:
        raise ValueError(expression)
    before = datetime.fromtimestamp(since, ZoneInfo(zone)) - timedelta(microseconds=1)
    # MiniStack finds the next time on a clock that never leaps: the one on the wall there, taken for UTC.
    wall = before.replace(tzinfo=UTC, fold=0)
    while (wall := _find_next_by_cron(fields, wall)) is not None:
        local = wall.replace(tzinfo=ZoneInfo(zone))
        moment = local.timestamp()
        exists = datetime.fromtimestamp(moment, ZoneInfo(zone)).replace(tzinfo=UTC, fold=0) == wall
        if exists and moment >= since:
            return moment
    return None
