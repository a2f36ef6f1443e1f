"""Counts every invocation of a function in CloudWatch's AWS/Lambda namespace, whoever called it.

MiniStack counts those alone that come through Lambda's API.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from local.patching import find_original, replace, wrap


def install() -> None:
    """Counts where all calls meet, and nowhere else."""
    find_original(cloudwatch, "record_metric")
    replace(lambda_svc, "_emit_lambda_metrics", lambda *_arguments, **_named: None)
    wrap(lambda_svc, "_acquire_execution_slot", _acquire_slot)
    wrap(lambda_svc, "_execute_function_dispatch", _execute)


def _record(config: dict[str, Any], metric: str, value: float, unit: str = "Count") -> None:
    cloudwatch.record_metric("AWS/Lambda", metric, value, unit, {"FunctionName": config["FunctionName"]})


def _acquire_slot(acquire: Any, function: Any, config: dict[str, Any]) -> Any:
    slot, limit = acquire(function, config)
    if slot is None:
        _record(config, "Throttles", 1)
    return slot, limit


def _execute(execute: Any, function: Any, config: dict[str, Any], *rest: Any) -> Any:
    began = time.monotonic()
    result = execute(function, config, *rest)
    throttled = bool(result.get("throttle"))
    _record(config, "Throttles", throttled)
    if not throttled:
        _record(config, "Invocations", 1)
        _record(config, "Errors", bool(result.get("error")))
        _record(config, "Duration", (time.monotonic() - began) * 1000, "Milliseconds")
    return result
