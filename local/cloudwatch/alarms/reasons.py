"""Words the reason of an alarm's state as CloudWatch does, and the data that go with it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from local.cloudwatch.alarms.points import Alarm, breaches, find_period, select_evaluated
from local.cloudwatch.metric_math.metrics import Point

WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}
LISTED_POINTS = 5
"""Where there are more, the reason lists the most recent of them alone."""
LARGEST_DATA = 4000
"""How many characters StateReasonData may have."""


def format_moment(moment: float) -> str:
    """Returns a moment, given in seconds since 1970, as alarms write it: 2026-01-31T23:59:59.123+0000."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def explain(alarm: Alarm, points: list[Point], state: str, treatment: str) -> str:
    """Returns the reason why an alarm comes into a state.

    Args:
        alarm: Its record.
        points: The evaluation range, the oldest point first.
        state: The state that it comes into.
        treatment: What is made of missing data.
    """
    periods = alarm["EvaluationPeriods"]
    evaluated = list(select_evaluated(points, periods))
    real = [point for point in evaluated if point.value is not None]
    missing = len(evaluated) - len(real)
    told = [point for point in real if breaches(alarm, float(point.value or 0)) == (state == "ALARM")]
    if not real and treatment in TREATED:
        return (
            f"Threshold Crossed: no datapoints were received for {_count(periods, 'period')} "
            f"and {_tell_missing(missing, treatment)}."
        )
    if state == "INSUFFICIENT_DATA" or (not told and treatment not in TREATED):
        return f"Insufficient Data: {_count(missing, 'datapoint')} {_was(missing)} unknown."
    reason = _tell_points(alarm, told or real, len(evaluated), state)
    if missing and treatment in TREATED:
        reason += f" and {_tell_missing(missing, treatment)}"
    return f"Threshold Crossed: {reason}."


def _tell_points(alarm: Alarm, told: Sequence[Point], evaluated: int, state: str) -> str:
    crossed = breaches(alarm, float(told[0].value or 0))
    few = len(told) <= LISTED_POINTS
    listed = ", ".join(
        f"{point.value} ({datetime.fromtimestamp(point.begin, UTC):%d/%m/%y %H:%M:%S})"
        for point in told[:LISTED_POINTS]
    )
    needed = alarm.get("DatapointsToAlarm")
    many = f"{len(told)} out of the last {evaluated} datapoints" if needed else _count(len(told), "datapoint")
    was = _was(len(told)) if crossed else f"{_was(len(told))} not"
    words = f"{WORDS[alarm['ComparisonOperator']]} the threshold ({float(alarm['Threshold'])})"
    reason = f"{many}{f' [{listed}]' if few else ''} {was} {words}"
    if not few:
        which = " which crossed the threshold" if crossed else ""
        reason += f". The most recent datapoints{which}: [{listed}]"
    if needed:
        least, change = (needed, "OK -> ALARM") if crossed else (evaluated - needed + 1, "ALARM -> OK")
        reason += f" (minimum {_count(least, 'datapoint')} for {change} transition)"
    return reason


def _tell_missing(missing: int, treatment: str) -> str:
    return f"{_count(missing, 'missing datapoint')} {_was(missing)} treated as [{TREATED[treatment]}]"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def describe_data(alarm: Alarm, points: list[Point], now: float) -> str:
    """Returns what a state was decided by, as the JSON text of StateReasonData."""
    evaluated = list(select_evaluated(points, alarm["EvaluationPeriods"]))
    real = [point for point in evaluated[::-1] if point.value is not None]
    data: dict[str, Any] = {"version": "1.0", "queryDate": format_moment(now)}
    if real:
        data["startDate"] = format_moment(real[0].begin)
    if "Unit" in alarm:
        data["unit"] = alarm["Unit"]
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    if statistic:
        data["statistic"] = statistic
    data["period"] = find_period(alarm)
    data["recentDatapoints"] = [point.value for point in real]
    data["threshold"] = float(alarm["Threshold"])
    data["evaluatedDatapoints"] = [_describe_point(point) for point in evaluated]
    text = json.dumps(data, separators=(",", ":"))
    while len(text) > LARGEST_DATA:
        # The oldest are left out; one list ends with them, the other begins with them.
        many = len(evaluated) // 10 + 1
        del data["evaluatedDatapoints"][-many:], data["recentDatapoints"][:many]
        text = json.dumps(data, separators=(",", ":"))
    return text


def _describe_point(point: Point) -> dict[str, Any]:
    described: dict[str, Any] = {"timestamp": format_moment(point.begin)}
    if point.value is not None:
        described |= ({"sampleCount": point.samples} if point.samples else {}) | {"value": point.value}
    return described
