"""Lets MiniStack's CloudWatch Logs filter by whole patterns, page by page, and lets filters make metrics."""

from functools import partial
from typing import Any

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import cloudwatch, cloudwatch_logs

from local.cloudwatch.filter_patterns import PatternError, compile_pattern, find_values, read_json
from local.patching import find_original, replace, wrap

PAGE = 10_000
"""The most events of one answer; https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html."""
OPERATIONS = {
    "_filter_log_events": "filterPattern",
    "_put_metric_filter": "filterPattern",
    "_put_subscription_filter": "filterPattern",
    "_start_live_tail": "logEventFilterPattern",
}


def install() -> None:
    """Replaces MiniStack's patterns, which take every JSON pattern for one that matches everything."""
    for used in ("_log_groups", "_log_events_lock", "_metric_filters", "_resolve_log_group_name"):
        find_original(cloudwatch_logs, used)
    replace(cloudwatch_logs, "_filter_log_events", filter_events)
    for operation, parameter in OPERATIONS.items():
        wrap(cloudwatch_logs, operation, partial(_check_pattern, parameter))
    replace(
        cloudwatch_logs,
        "_subscription_pattern_matches",
        lambda pattern, message: compile_pattern(pattern or "")(message or ""),
    )
    wrap(cloudwatch_logs, "_fanout_to_subscription_filters", _fan_out)
    find_original(cloudwatch, "record_metric")


def _check_pattern(parameter: str, operate: Any, request: dict[str, Any]) -> Any:
    try:
        compile_pattern(request.get(parameter) or "")
    except PatternError as error:
        return _refuse("InvalidParameterException", str(error))
    return operate(request)


def _refuse(code: str, message: str) -> Any:
    return error_response_json(code, message, 400)


def filter_events(request: dict[str, Any]) -> Any:
    """Answers FilterLogEvents, of which MiniStack leaves the prefix, the pages and some events' ids out."""
    group = cloudwatch_logs._resolve_log_group_name(request)
    if group not in cloudwatch_logs._log_groups:
        return _refuse("ResourceNotFoundException", f"The specified log group does not exist: {group}")
    streams = cloudwatch_logs._log_groups[group]["streams"]
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names and prefix:
        return _refuse(
            "InvalidParameterException", "logStreamNames and logStreamNamePrefix cannot both be given."
        )
    if absent := [name for name in names or () if name not in streams]:
        return _refuse("ResourceNotFoundException", f"The specified log stream does not exist: {absent[0]}")
    token = request.get("nextToken", "0")
    if not token.isdecimal():
        return _refuse("InvalidParameterException", "The specified nextToken is invalid.")
    match = compile_pattern(request.get("filterPattern") or "")
    first, last = request.get("startTime", 0), request.get("endTime", float("inf"))
    with cloudwatch_logs._log_events_lock:
        found = [
            (event, name)
            for name in names or [name for name in streams if name.startswith(prefix or "")]
            for event in streams[name]["events"]
            if first <= event["timestamp"] <= last and match(event["message"])
        ]
        for event, _ in found:
            event.setdefault("eventId", new_uuid())
    found.sort(key=lambda entry: (entry[0]["timestamp"], entry[0]["ingestionTime"]))
    start, limit = int(token), min(request.get("limit", PAGE), PAGE)
    page = [{**event, "logStreamName": name} for event, name in found[start : start + limit]]
    more = {"nextToken": str(start + limit)} if start + limit < len(found) else {}
    return json_response({"events": page, "searchedLogStreams": [], **more})


def _fan_out(fan_out: Any, group: str, stream: str, events: list[dict[str, Any]]) -> None:
    for (filtered, _), metric_filter in list(cloudwatch_logs._metric_filters.items()):
        if filtered == group:
            count(metric_filter, [event.get("message", "") for event in events])
    fan_out(group, stream, events)


def count(metric_filter: dict[str, Any], messages: list[str]) -> None:
    """Publishes what a metric filter finds in some messages."""
    match = compile_pattern(metric_filter["filterPattern"])
    matching = [read_json(message) for message in messages if match(message)]
    for transformation in metric_filter["metricTransformations"]:
        record = partial(
            cloudwatch.record_metric,
            transformation["metricNamespace"],
            transformation["metricName"],
            unit=transformation.get("unit", "None"),
        )
        for document in matching:
            value = _read(transformation["metricValue"], document)
            named = transformation.get("dimensions", {})
            dimensions = {name: _read(property_, document) for name, property_ in named.items()}
            if value is not None and None not in dimensions.values():
                record(float(value), dimensions=dimensions)
        if not matching and messages and "defaultValue" in transformation:
            record(float(transformation["defaultValue"]))


def _read(value: str, document: Any) -> str | None:
    """Returns a constant, or the number or text that a property has in a document."""
    if not value.startswith("$"):
        return value
    found = [item for item in find_values(value, document) if isinstance(item, str | int | float)]
    return str(found[0]) if found else None
