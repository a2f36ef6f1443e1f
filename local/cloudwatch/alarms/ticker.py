"""Looks at alarms whenever their data change, and otherwise as often as CloudWatch does.

CloudWatch looks every minute, every ten seconds at alarms of high resolution, and every hour at alarms that
look back for more than a day.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import logging
import threading
import time
from typing import Any

from ministack import app
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch

from local.cloudwatch.alarms import changes
from local.cloudwatch.alarms.evaluation import decide
from local.cloudwatch.alarms.points import (
    Alarm,
    breaches,
    find_interval,
    find_metrics,
    find_points,
    lacks_samples,
)
from local.cloudwatch.alarms.reasons import describe_data, explain
from local.patching import find_original, replace, wrap

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 0.1
"""How long is waited after each look, so that data that come by the thousand are looked at together."""
SET_SECONDS = 5.0
"""How long a state lasts that SetAlarmState has set, even if data come the next moment; without data it lasts
until the next look. AWS says that an alarm returns to its actual state quickly, often within seconds."""
Key = tuple[str, str, str]

_logger = logging.getLogger("cloudwatch.alarms")
_wake = threading.Event()
#: When an alarm is looked at next, and until when it is not looked at, in seconds since 1970.
_due: dict[Key, float] = {}
_held: dict[Key, float] = {}
#: Accounts, regions and keys of the metrics that have new data.
_fresh: set[tuple[str, str, tuple[str, str, str]]] = set()


def install() -> None:
    """Notes all that an alarm must be looked at for, and looks from when the saved state is back."""
    for used in ("_alarms", "_metrics", "_calc_stats", "_stat_value", "_dims_key", "_dims_from_list"):
        find_original(cloudwatch, used)
    replace(cloudwatch, "_evaluate_alarm", note_alarm)
    replace(cloudwatch, "_evaluate_all_alarms", lambda: None)
    wrap(cloudwatch, "_store_datum", _store)
    wrap(cloudwatch, "record_metric", _record)
    wrap(app, "_load_persisted_state", _load)


def note_alarm(alarm: Alarm) -> None:
    """Has an alarm looked at that was made or changed."""
    _due.pop((get_account_id(), get_region(), alarm["AlarmName"]), None)
    _wake.set()


def note_data(namespace: str, name: str, dimensions: dict[str, str]) -> None:
    """Has the alarms looked at that watch a metric which has new data."""
    if cloudwatch._alarms.has_any():
        key = (namespace, name, cloudwatch._dims_key(dimensions))
        _fresh.add((get_account_id(), get_region(), key))
        _wake.set()


def hold(name: str) -> None:
    """Leaves an alarm alone for a while, whose state was set."""
    _held[get_account_id(), get_region(), name] = time.time() + SET_SECONDS


def look(now: float) -> None:
    """Looks at all alarms that it is time for.

    Args:
        now: Seconds since 1970.
    """
    fresh = {_fresh.pop() for _ in range(len(_fresh))}
    alarms = cloudwatch._alarms.all_items()
    for key, alarm in alarms:
        account, region, _ = key
        with request_scope(account, region):
            try:
                if fresh and any((account, region, metric.key) in fresh for metric in find_metrics(alarm)):
                    _due[key] = now
                if max(_due.get(key, now), _held.get(key, now)) <= now:
                    _held.pop(key, None)
                    interval = find_interval(alarm)
                    _due[key] = (now // interval + 1) * interval
                    evaluate(alarm, now)
            except Exception:  # one alarm's fault must not keep the others from being looked at
                _logger.exception("the alarm %s cannot be evaluated", alarm.get("AlarmName"))
    for gone in (_due.keys() | _held.keys()) - {key for key, _ in alarms}:
        _due.pop(gone, None)
        _held.pop(gone, None)


def evaluate(alarm: Alarm, now: float) -> None:
    """Brings an alarm into the state that its data put it into at a moment, given in seconds since 1970."""
    points = find_points(alarm, now)
    if lacks_samples(alarm, points):
        return
    periods = alarm["EvaluationPeriods"]
    # The one namespace with a default of its own.
    default = "ignore" if alarm.get("Namespace") == "AWS/DynamoDB" else "missing"
    treatment = alarm.get("TreatMissingData") or default
    flags = [None if point.value is None else breaches(alarm, point.value) for point in points]
    state = decide(flags, periods, alarm.get("DatapointsToAlarm") or periods, treatment)
    if state not in (None, alarm["StateValue"]):
        reason = explain(alarm, points, str(state), treatment)
        changes.change(alarm, str(state), reason, describe_data(alarm, points, now))


def _store(store: Any, namespace: str, name: str, dimensions: dict[str, str], *datum: Any) -> None:
    store(namespace, name, dimensions, *datum)
    note_data(namespace, name, dimensions)


def _record(
    record: Any,
    namespace: str,
    metric_name: str,
    value: float,
    unit: str = "None",
    dimensions: dict[str, str] | None = None,
) -> None:
    record(namespace, metric_name, value, unit, dimensions)
    note_data(namespace, metric_name, dimensions or {})


def _load(load_all: Any) -> None:
    load_all()
    # A daemon: it ends with the process, which waits for nothing once the state is saved.
    threading.Thread(target=_keep_looking, name="alarms", daemon=True).start()


def _keep_looking() -> None:
    while True:
        _wake.wait(LOOK_SECONDS)
        _wake.clear()
        if cloudwatch._alarms.has_any():
            try:
                look(time.time())
            except Exception:  # the next look may find what this one could not
                _logger.exception("alarms cannot be looked at")
        time.sleep(PAUSE_SECONDS)
