"""Changes the state of alarms, writes it into their history and lets SetAlarmState do so.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ministack.services import cloudwatch

from local.cloudwatch.alarms.points import Alarm
from local.cloudwatch.alarms.reasons import format_moment
from local.patching import find_original, replace, wrap
from local.saving.saver import note_change

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")

#: Held while a record is read and changed, never while anybody is told of it.
lock = threading.RLock()
_before: ContextVar[dict[str, str] | None] = ContextVar("state that an alarm leaves", default=None)


def install(hold: Callable[[str], None]) -> None:
    """Replaces what MiniStack writes into the history, and its SetAlarmState.

    Args:
        hold: Called with the name of an alarm whose state was set.
    """
    for used in ("_history_entries", "_ts_iso", "_evaluate_parent_alarms", "_dispatch_alarm_actions", "_p"):
        find_original(cloudwatch, used)
    replace(cloudwatch, "_record_history", record)
    wrap(cloudwatch, "_transition_composite", _transition)

    def set_state(parameters: Any, request: Any, is_cbor: bool, is_json: bool = False) -> Any:
        given = (
            request if is_cbor or is_json else {name: cloudwatch._p(parameters, name) for name in parameters}
        )
        if fault := _set(given, hold):
            return cloudwatch._error(*fault, use_json=is_json, use_cbor=is_cbor)
        if is_cbor or is_json:
            return (cloudwatch._cbor_ok if is_cbor else cloudwatch._json_ok)({})
        return cloudwatch._xml(200, "SetAlarmStateResponse", "")

    replace(cloudwatch, "_set_alarm_state", set_state)


def find_alarm(name: str) -> Alarm | None:
    """Returns the record of an alarm of this account and region, or None."""
    found: Alarm | None = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
    return found


def find_former_state() -> dict[str, str]:
    """Returns the state that the alarm leaves of which is being told, in the words of describe_state."""
    return _before.get() or {}


def describe_state(alarm: Alarm) -> dict[str, str]:
    """Returns an alarm's state as its events tell it."""
    state = {"value": alarm["StateValue"], "reason": alarm.get("StateReason", "")}
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    return {**state, "timestamp": format_moment(alarm.get("StateUpdatedTimestamp", 0))}


def change(alarm: Alarm, state: str, reason: str, data: str | None) -> None:
    """Brings an alarm into a state; where it is another than before, all who are to know of it are told once.

    Args:
        alarm: Its record.
        state: OK, ALARM or INSUFFICIENT_DATA.
        reason: The words of StateReason.
        data: JSON text of StateReasonData; None where there are none.
    """
    with _leaving(alarm):
        with lock:
            if find_alarm(alarm["AlarmName"]) is not alarm:
                return  # replaced or deleted meanwhile
            former, moment = alarm["StateValue"], round(time.time(), 3)
            alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=moment)
            alarm.pop("StateReasonData", None)
            if data:
                alarm["StateReasonData"] = data
            if state == former:
                return
            alarm["StateTransitionedTimestamp"] = moment
            kind = "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm"
            record(alarm["AlarmName"], former, state, reason, kind, json.loads(data) if data else None)
        cloudwatch._dispatch_alarm_actions(alarm, former, state, reason)
        cloudwatch._evaluate_parent_alarms(alarm)
        note_change()


def record(
    name: str, former: str, state: str, reason: str, kind: str = "MetricAlarm", data: Any = None
) -> None:
    """Writes a change of an alarm's state into its history, or that the alarm was made.

    MiniStack tells of a new alarm by a change from a state to the same one.
    """
    if former == state:
        add_entry(name, "ConfigurationUpdate", f'Alarm "{name}" created', {"type": "Create"}, kind)
        return
    before = find_former_state()
    left = {"stateValue": former, "stateReason": before.get("reason", "")}
    if before.get("reasonData"):
        left["stateReasonData"] = json.loads(before["reasonData"])
    entered = {"stateValue": state, "stateReason": reason, **({"stateReasonData": data} if data else {})}
    summary = f"Alarm updated from {former} to {state}"
    add_entry(name, "StateUpdate", summary, {"oldState": left, "newState": entered}, kind)


def add_entry(name: str, item: str, summary: str, data: dict[str, Any], kind: str = "MetricAlarm") -> None:
    """Adds an entry to an alarm's history.

    Args:
        name: The alarm's name.
        item: StateUpdate, ConfigurationUpdate or Action.
        summary: One line.
        data: What HistoryData tells.
        kind: MetricAlarm or CompositeAlarm.
    """
    cloudwatch._history_entries().append(
        {
            "AlarmName": name,
            "AlarmType": kind,
            "Timestamp": cloudwatch._ts_iso(time.time()),
            "HistoryItemType": item,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", **data}, separators=(",", ":")),
        }
    )


@contextmanager
def _leaving(alarm: Alarm) -> Iterator[None]:
    token = _before.set(describe_state(alarm))
    try:
        yield
    finally:
        _before.reset(token)


def _transition(transition: Any, alarm: Alarm, *change_: Any) -> None:
    with _leaving(alarm):
        transition(alarm, *change_)


def _set(request: dict[str, Any], hold: Callable[[str], None]) -> tuple[str, str, int] | None:
    """Does what SetAlarmState asks for; returns the error's code, message and status where it cannot."""
    name, state, data = (request.get(key) for key in ("AlarmName", "StateValue", "StateReasonData"))
    alarm = find_alarm(str(name))
    if state not in STATES:
        return "ValidationError", f"StateValue is {state!r}; it must be one of {', '.join(STATES)}", 400
    if alarm is None:
        return "ResourceNotFound", f"Alarm {name} does not exist", 404
    try:
        json.loads(data or "{}")
    except ValueError as error:
        return "InvalidFormat", f"StateReasonData is not JSON: {error}", 400
    hold(str(name))
    change(alarm, str(state), request.get("StateReason", ""), data)
    return None
