"""Reads the values of one metric, period by period."""

from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch

from local.cloudwatch.values import find_values


@dataclass(frozen=True)
class Point:
    """One period's begin in seconds since 1970, its value (None if missing) and of how many samples."""

    begin: float
    value: float | None
    samples: float = 0.0


@dataclass(frozen=True)
class Metric:
    """What is read of one metric."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    statistic: str
    unit: str | None

    @property
    def key(self) -> tuple[str, str, str]:
        """How MiniStack keeps the metric with exactly these dimensions."""
        return self.namespace, self.name, cloudwatch._dims_key(self.dimensions)

    def read(self, start: float, period: int, count: int) -> list[Point]:
        """Returns the points of so many periods from a moment on; those without data have no value.

        Args:
            start: Seconds since 1970.
            period: Seconds of each period.
            count: How many periods.
        """
        values: list[list[Any]] = [[] for _ in range(count)]
        for value in find_values(self.key, start, start + count * period):
            if self.unit in (None, value["Unit"]):
                values[int((value["Timestamp"] - start) // period)].append(value)
        return [self._calculate(start + index * period, found) for index, found in enumerate(values)]

    def _calculate(self, begin: float, values: list[Any]) -> Point:
        statistics = cloudwatch._calc_stats(values)
        if not statistics:
            return Point(begin, None)
        # CloudWatch has no percentile of some values; their period counts as missing.
        value = cloudwatch._stat_value(statistics, self.statistic, values)
        return Point(begin, value, statistics["SampleCount"])


def read_stat(stat: dict[str, Any]) -> Metric:
    """Returns the metric that the API's MetricStat names."""
    metric = stat["Metric"]
    dimensions = cloudwatch._dims_from_list(metric.get("Dimensions") or [])
    return Metric(metric["Namespace"], metric["MetricName"], dimensions, stat["Stat"], stat.get("Unit"))
