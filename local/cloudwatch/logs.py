"""Puts whole filter patterns into MiniStack's CloudWatch Logs, and lets metric filters make metrics."""

from functools import partial
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, cloudwatch_logs

from local.cloudwatch.filter_patterns import PatternError, compile_pattern, find_values, read_json
from local.patching import find_original, replace, wrap

OPERATIONS = {
    "_filter_log_events": "filterPattern",
    "_put_metric_filter": "filterPattern",
    "_put_subscription_filter": "filterPattern",
    "_start_live_tail": "logEventFilterPattern",
}


def install() -> None:
    """Replaces MiniStack's patterns, which take every JSON pattern for one that matches everything."""
    for operation, parameter in OPERATIONS.items():
        wrap(cloudwatch_logs, operation, partial(_check_pattern, parameter))
    replace(cloudwatch_logs, "_compile_filter_pattern", compile_pattern)
    replace(
        cloudwatch_logs,
        "_subscription_pattern_matches",
        lambda pattern, message: compile_pattern(pattern or "")(message or ""),
    )
    wrap(cloudwatch_logs, "_fanout_to_subscription_filters", _fan_out)
    find_original(cloudwatch_logs, "_metric_filters")
    find_original(cloudwatch, "record_metric")


def _check_pattern(parameter: str, operate: Any, request: dict[str, Any]) -> Any:
    try:
        compile_pattern(request.get(parameter) or "")
    except PatternError as error:
        return error_response_json("InvalidParameterException", str(error), 400)
    return operate(request)


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
