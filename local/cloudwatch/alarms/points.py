"""Makes an alarm's data points of the values in the periods that it looks at.

The periods of a sliding window end at a whole minute, those of a high-resolution alarm at ten seconds, and
those of an alarm that looks back for more than a day at a whole hour.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
"""

from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch

from local.cloudwatch.alarms.evaluation import COMPARISONS, EXTRA_PERIODS
from local.cloudwatch.metric_math.metrics import Metric, Point, read_stat
from local.cloudwatch.metric_math.queries import find_returned, solve

MINUTE, HOUR, DAY = 60, 3600, 86400
HIGH_RESOLUTION = 10
FEWEST_IN_TAIL = 10
"""Of fewer samples beyond it, a percentile says too little."""
Alarm = dict[str, Any]


def find_metrics(alarm: Alarm) -> list[Metric]:
    """Returns the metrics that an alarm watches."""
    if "Metrics" in alarm:
        return [read_stat(query["MetricStat"]) for query in alarm["Metrics"] if "MetricStat" in query]
    return [
        Metric(
            alarm["Namespace"],
            alarm["MetricName"],
            cloudwatch._dims_from_list(alarm.get("Dimensions") or []),
            alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average"),
            alarm.get("Unit"),
        )
    ]


def find_interval(alarm: Alarm) -> int:
    """Returns how many seconds lie between two looks at an alarm, which is where its periods end, too."""
    period = find_period(alarm)
    if period * alarm["EvaluationPeriods"] > DAY:
        return HOUR
    return MINUTE if period >= MINUTE else HIGH_RESOLUTION


def find_period(alarm: Alarm) -> int:
    """Returns the length of an alarm's periods in seconds."""
    if "Metrics" in alarm:
        return next(int(query["MetricStat"]["Period"]) for query in alarm["Metrics"] if "MetricStat" in query)
    return int(alarm.get("Period", MINUTE))


def find_points(alarm: Alarm, now: float) -> list[Point]:
    """Returns the points of an alarm's evaluation range, the oldest first.

    The period that is not over yet counts at once where it breaches, so that an alarm need not wait for its
    end; otherwise only periods count that are over. What breaches for no other reason than that more is to
    come, as a sum that is low yet, waits for the end as well.
    """
    interval = find_interval(alarm)
    end = now // interval * interval
    if _may_breach_early(alarm):
        points = _collect(alarm, end + interval)
        if points[-1].value is not None and breaches(alarm, points[-1].value):
            return points
    return _collect(alarm, end)


def breaches(alarm: Alarm, value: float) -> bool:
    """Tells whether a value breaches an alarm's threshold."""
    return bool(COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]))


def _collect(alarm: Alarm, end: float) -> list[Point]:
    period, count = find_period(alarm), alarm["EvaluationPeriods"] + EXTRA_PERIODS
    start = end - count * period
    if "Metrics" not in alarm:
        (metric,) = find_metrics(alarm)
        return metric.read(start, period, count)
    values = solve(alarm["Metrics"], start, count)[find_returned(alarm["Metrics"])["Id"]]
    assert isinstance(values, list)  # nothing else is accepted
    return [Point(start + index * period, value) for index, value in enumerate(values)]


def _may_breach_early(alarm: Alarm) -> bool:
    metrics = find_metrics(alarm)
    if "Metrics" in alarm and "Expression" in find_returned(alarm["Metrics"]):
        # What comes yet may turn a result either way.
        return False
    above = alarm["ComparisonOperator"].startswith("Greater")
    if metrics[0].statistic in ("Sum", "SampleCount", "Maximum"):
        return above
    return not above if metrics[0].statistic == "Minimum" else True


def select_evaluated(points: list[Point], periods: int) -> Iterator[Point]:
    """Yields the points that the state is decided by, the newest first: real ones, then missing ones."""
    newest = points[::-1]
    real = [point for point in newest if point.value is not None][:periods]
    missing = [point for point in newest if point.value is None][: periods - len(real)]
    yield from sorted([*real, *missing], key=lambda point: point.begin, reverse=True)


def lacks_samples(alarm: Alarm, points: list[Point]) -> bool:
    """Tells whether an alarm keeps its state because a percentile is of too few samples, if it is told to.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    statistic = alarm.get("ExtendedStatistic")
    if not statistic or alarm.get("EvaluateLowSampleCountPercentile") != "ignore":
        return False
    share = float(statistic[1:]) / 100
    tail = round(min(share, 1 - share), 12)
    evaluated = select_evaluated(points, alarm["EvaluationPeriods"])
    return any(point.value is not None and point.samples * tail < FEWEST_IN_TAIL for point in evaluated)
