"""Solves the queries of an alarm or of GetMetricData: metrics, and expressions that name one another.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

import re
from typing import Any

from local.cloudwatch.metric_math.expressions import Scope, compute
from local.cloudwatch.metric_math.metrics import read_stat
from local.cloudwatch.metric_math.series import ExpressionError, Series, Value
from local.cloudwatch.metric_math.statistics import find_period_fault, find_statistic_fault

Query = dict[str, Any]
ID = re.compile(r"[a-z]\w*")


def find_returned(queries: list[Query]) -> Query:
    """Returns the first query whose result is asked for."""
    return next(query for query in queries if query.get("ReturnData", True))


def solve(queries: list[Query], start: float, count: int, *, empty: bool = False) -> dict[str, Value]:
    """Returns the value of each query by its id; all metrics have the same period.

    Args:
        queries: The queries, without a fault that find_fault finds.
        start: Where the first period begins, in seconds since 1970.
        count: How many periods.
        empty: Whether no metric is read, to try the expressions alone.

    Raises:
        ExpressionError: An expression has no value.
    """
    by_id = {query["Id"]: query for query in queries}
    period = find_period(queries)
    values: dict[str, Value] = {}
    begun: set[str] = set()

    def find(name: str) -> Value:
        if name not in by_id:
            raise ExpressionError(f"{name} is no Id of these queries")
        if name not in values:
            if name in begun:
                raise ExpressionError(f"the expression of {name} needs its own result")
            begun.add(name)
            values[name] = read(by_id[name])
        return values[name]

    def read(query: Query) -> Value:
        if "Expression" in query:
            return compute(query["Expression"], Scope(find, find_metrics, period))
        if empty:
            return [None] * count
        return [point.value for point in read_stat(query["MetricStat"]).read(start, period, count)]

    def find_metrics() -> dict[str, Series]:
        found = {name: find(name) for name, query in by_id.items() if "MetricStat" in query}
        return {name: value for name, value in found.items() if isinstance(value, list)}

    for name in by_id:
        find(name)
    return values


def find_period(queries: list[Query]) -> int:
    """Returns the period of the metrics of some queries, in seconds."""
    return next(int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query)


def find_id_fault(queries: list[Query]) -> str | None:
    """Returns what is wrong with the names of queries; None where nothing is."""
    names = [query.get("Id", "") for query in queries]
    for name in names:
        if not ID.fullmatch(name):
            return f"The Id {name!r} must begin with a lower-case letter and have letters, digits and _ alone"
        if names.count(name) > 1:
            return f"The Id {name} is given twice"
    return None


def find_fault(queries: list[Query]) -> str | None:
    """Returns what AWS, or the embedded cloud, finds wrong with queries; None where nothing is."""
    if fault := find_id_fault(queries):
        return fault
    names = [query["Id"] for query in queries]
    for name, query in zip(names, queries, strict=True):
        if ("MetricStat" in query) == ("Expression" in query):
            return f"{name} must have one of MetricStat and Expression, and not both"
        if fault := _find_stat_fault(query.get("MetricStat")):
            return f"{name}: {fault}"
    periods = {query["MetricStat"]["Period"] for query in queries if "MetricStat" in query}
    if len(periods) != 1:
        return f"The periods are {sorted(periods)}; in the embedded cloud all metrics must have the same"
    try:
        values = solve(queries, 0, 2, empty=True)
    except ExpressionError as error:
        return str(error)
    for name, query in zip(names, queries, strict=True):
        if query.get("ReturnData", True) and not isinstance(values[name], list):
            return f"{name} is no single time series"
    return None


def _find_stat_fault(stat: dict[str, Any] | None) -> str | None:
    if stat is None:
        return None
    metric = stat.get("Metric", {})
    if not metric.get("Namespace") or not metric.get("MetricName"):
        return "Metric must have a Namespace and a MetricName"
    return find_statistic_fault(stat.get("Stat", "")) or find_period_fault(stat.get("Period"))
