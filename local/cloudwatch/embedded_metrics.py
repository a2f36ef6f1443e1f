"""Makes metrics of the lines of logs that have CloudWatch's embedded metric format, whoever writes them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

from local.patching import find_original, wrap

MARK = '"_aws"'
MOST_METRICS = 100
MOST_VALUES = 100
MOST_DIMENSIONS = 30
LONGEST_NAME, LONGEST_DIMENSION = 1024, 250
"""Characters of a namespace, a metric's name and a dimension's value, and of a dimension's name."""
MOST_BYTES = 1024**2
PAST_SECONDS = 14 * 24 * 3600
FUTURE_SECONDS = 2 * 3600
"""How old a value may be, and how far ahead of the time."""


@dataclass(frozen=True)
class Measured:
    """Values of one metric.

    Attributes:
        namespace: The metric's namespace.
        name: Its name.
        dimensions: The dimensions' values by their names.
        unit: Its unit.
        values: What was measured.
        timestamp: When, in seconds since 1970.
    """

    namespace: str
    name: str
    dimensions: dict[str, str]
    unit: str
    values: list[float]
    timestamp: float


def install() -> None:
    """Looks at each line that a log gets."""
    find_original(cloudwatch, "_store_datum")
    wrap(cloudwatch_logs, "_fanout_to_subscription_filters", _fan_out)


def _fan_out(fan_out: Any, group: str, stream: str, events: list[dict[str, Any]]) -> None:
    for event in events:
        for measured in read_line(event.get("message") or "", time.time()):
            cloudwatch._store_datum(
                measured.namespace,
                measured.name,
                measured.dimensions,
                measured.timestamp,
                measured.unit,
                None,
                measured.values,
                None,
                None,
            )
    fan_out(group, stream, events)


def read_line(line: str, now: float) -> list[Measured]:
    """Returns what a line of a log tells of metrics; nothing where it does not have the format.

    As on AWS a line that breaks a rule of the format stays a line, and tells nothing.

    Args:
        line: The line.
        now: Seconds since 1970.
    """
    if MARK not in line or len(line.encode(errors="replace")) > MOST_BYTES:
        return []
    try:
        document = json.loads(line)
        return list(_read(document, now))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def _read(document: dict[str, Any], now: float) -> Iterator[Measured]:
    """Reads a document.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: It breaks a rule of the format.
    """
    timestamp = _require_number(document["_aws"]["Timestamp"]) / 1000
    _require(now - PAST_SECONDS <= timestamp <= now + FUTURE_SECONDS)
    directives = document["_aws"]["CloudWatchMetrics"]
    _require(isinstance(directives, list))
    for directive in directives:
        namespace = _require_name(directive["Namespace"])
        metrics, sets = directive["Metrics"], directive["Dimensions"]
        _require(isinstance(metrics, list) and len(metrics) <= MOST_METRICS and isinstance(sets, list))
        # Without any set a metric has no dimension.
        dimensions = [_read_dimensions(document, names) for names in sets or [[]]]
        for metric in metrics:
            name = _require_name(metric["Name"])
            if name not in document:
                continue
            values = document[name] if isinstance(document[name], list) else [document[name]]
            _require(len(values) <= MOST_VALUES)
            numbers = [_require_number(value) for value in values]
            unit = metric.get("Unit", "None")
            for each in dimensions:
                yield Measured(namespace, name, each, unit, numbers, timestamp)


def _read_dimensions(document: dict[str, Any], names: list[str]) -> dict[str, str]:
    _require(isinstance(names, list) and len(names) <= MOST_DIMENSIONS)
    return {_require_name(name, LONGEST_DIMENSION): _require_name(document[name]) for name in names}


def _require_name(value: Any, longest: int = LONGEST_NAME) -> str:
    _require(isinstance(value, str) and 0 < len(value) <= longest)
    return str(value)


def _require_number(value: Any) -> float:
    # NaN and infinities, which Python's JSON knows and JSON does not, are none.
    _require(type(value) in (int, float) and abs(value) < float("inf"))
    return float(value)


def _require(is_kept: bool) -> None:
    if not is_kept:
        raise ValueError("The line breaks a rule of the format")
