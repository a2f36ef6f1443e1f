"""Answers GetMetricData, with expressions as well.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from typing import Any

from ministack.services import cloudwatch

from local.cloudwatch.metric_math.queries import Query, find_fault, find_id_fault, find_period, solve
from local.cloudwatch.metric_math.series import ExpressionError
from local.cloudwatch.shapes import convert, find_input
from local.patching import find_original, wrap

MINUTE = 60
MOST_PERIODS = 100_800
"""How many data points the API gives at most."""


def install() -> None:
    """Replaces MiniStack's answer to requests in JSON and CBOR, which all present clients send."""
    for used in ("_parse_ts", "_ts_iso", "_cbor_metric_data_result"):
        find_original(cloudwatch, used)
    wrap(cloudwatch, "_get_metric_data", get_data)


def get_data(answer: Any, parameters: Any, request: Any, is_cbor: bool, is_json: bool = False) -> Any:
    """Answers a request for data.

    Raises nothing: what is wrong is a ValidationError in the answer.
    """
    if not is_cbor and not is_json:
        return answer(parameters, request, is_cbor, is_json)
    try:
        results = find_results(request)
    except (ValueError, ExpressionError) as error:
        return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
    if is_json:
        return cloudwatch._json_ok({"MetricDataResults": results})
    return cloudwatch._cbor_ok(
        {"MetricDataResults": [cloudwatch._cbor_metric_data_result(result) for result in results]}
    )


def find_results(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the results that a request asks for.

    Raises:
        ValueError: It cannot be answered.
        ExpressionError: An expression has no value.
    """
    shape = find_input("GetMetricData").members["MetricDataQueries"]
    queries: list[Query] = convert(shape, request.get("MetricDataQueries") or [])
    # Queries that no expression joins need not have the same period.
    joined = any("Expression" in query for query in queries)
    if fault := find_id_fault(queries):
        raise ValueError(fault)
    start, end = (cloudwatch._parse_ts(request.get(name)) for name in ("StartTime", "EndTime"))
    if start is None or end is None or start >= end:
        raise ValueError("StartTime and EndTime must be given, and StartTime must be the earlier")
    ascending = request.get("ScanBy") == "TimestampAscending"
    results = []
    for group in [queries] if joined else [[query] for query in queries]:
        if fault := find_fault(group):
            raise ValueError(fault)
        results += _solve(group, start, end, ascending)
    return results


def _solve(queries: list[Query], start: float, end: float, ascending: bool) -> list[dict[str, Any]]:
    period = find_period(queries)
    # The periods begin with the request, which begins with a whole minute.
    start = start // min(period, MINUTE) * min(period, MINUTE)
    count = int(-(-(end - start) // period))
    if count > MOST_PERIODS:
        raise ValueError(f"The request has {count} periods; it may have {MOST_PERIODS}: choose longer ones")
    values = solve(queries, start, count)
    results = []
    for query in queries:
        series = values[query["Id"]]
        if not query.get("ReturnData", True) or not isinstance(series, list):
            continue
        points = [(start + index * period, value) for index, value in enumerate(series) if value is not None]
        points = points if ascending else points[::-1]
        name = query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query["Id"]
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label", name),
                "Timestamps": [cloudwatch._ts_iso(moment) for moment, _ in points],
                "Values": [value for _, value in points],
                "StatusCode": "Complete",
            }
        )
    return results
