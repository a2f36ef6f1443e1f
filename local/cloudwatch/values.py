"""Keeps the values of each metric in the order of their time, so that a few minutes are found among weeks.

MiniStack goes through all values of all metrics with each request, to leave out those that are too old, and
what is recorded meanwhile may be lost.
"""

import time
from bisect import bisect_left, bisect_right
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch

from local.patching import find_original, replace, wrap

EVICTION_SECONDS = 60.0
"""How long lies between two looks for values that are too old."""
Value = dict[str, Any]

#: When old values of an account and region were left out last.
_evicted: dict[tuple[str, str], float] = {}


def install() -> None:
    """Has values put where they belong, and old ones left out now and then."""
    for used in ("_metrics", "_dims_key", "TWO_WEEKS_SECONDS"):
        find_original(cloudwatch, used)
    wrap(cloudwatch, "_store_datum", _store)
    replace(cloudwatch, "_evict_old_metrics", evict)


def find_values(key: tuple[str, str, str], start: float, end: float) -> list[Value]:
    """Returns the values of a metric from one moment until before another, in seconds since 1970."""
    values: list[Value] = cloudwatch._metrics.get(key) or []
    return values[bisect_left(values, start, key=_tell_time) : bisect_left(values, end, key=_tell_time)]


def evict() -> None:
    """Leaves out the values of this account and region that CloudWatch would not have any more."""
    scope, now = (get_account_id(), get_region()), time.time()
    if now - _evicted.get(scope, 0) < EVICTION_SECONDS:
        return
    _evicted[scope] = now
    for key, values in cloudwatch._metrics.items():
        # In the list itself: what is added to it at this moment stays.
        del values[: bisect_left(values, now - cloudwatch.TWO_WEEKS_SECONDS, key=_tell_time)]
        if not values:
            cloudwatch._metrics.pop(key, None)


def _tell_time(value: Value) -> float:
    return float(value["Timestamp"])


def _store(store: Any, namespace: str, name: str, dimensions: dict[str, str], *datum: Any) -> None:
    key = (namespace, name, cloudwatch._dims_key(dimensions))
    known = len(cloudwatch._metrics.get(key) or ())
    store(namespace, name, dimensions, *datum)
    values = cloudwatch._metrics[key]
    added = values[known:]
    if known and added and _tell_time(added[0]) < _tell_time(values[known - 1]):
        del values[known:]
        at = bisect_right(values, _tell_time(added[0]), key=_tell_time)
        values[at:at] = added
