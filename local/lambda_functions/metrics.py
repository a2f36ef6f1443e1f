"""Counts every invocation of a function in CloudWatch's AWS/Lambda namespace, whoever called it.

MiniStack counts those alone that come through Lambda's API. What AWS tells of all functions together is told
here of their concurrency alone.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

import time
from contextvars import ContextVar
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from local.patching import find_original, replace, wrap

_starting: ContextVar[float] = ContextVar("seconds that the environment took to start", default=0.0)


def install() -> None:
    """Counts where all calls meet, and nowhere else."""
    find_original(cloudwatch, "record_metric")
    find_original(lambda_svc, "executions_in_flight")
    replace(lambda_svc, "_emit_lambda_metrics", lambda *_arguments, **_named: None)
    wrap(lambda_svc, "_acquire_execution_slot", _acquire_slot)
    wrap(lambda_svc, "_execute_function_dispatch", _execute)


def note_start(seconds: float) -> None:
    """Leaves the time that an execution environment took to start out of the invocation that waits for it."""
    _starting.set(_starting.get() + seconds)


def _record(config: dict[str, Any], metric: str, value: float, unit: str = "Count") -> None:
    cloudwatch.record_metric("AWS/Lambda", metric, value, unit, {"FunctionName": config["FunctionName"]})


def _acquire_slot(acquire: Any, function: Any, config: dict[str, Any]) -> Any:
    slot, limit = acquire(function, config)
    if slot is None:
        _record(config, "Throttles", 1)
    else:
        total, by_function = lambda_svc.executions_in_flight()
        _record(config, "ConcurrentExecutions", by_function.get(slot, 1))
        cloudwatch.record_metric("AWS/Lambda", "ConcurrentExecutions", total, "Count")
    return slot, limit


def _execute(execute: Any, function: Any, config: dict[str, Any], *rest: Any) -> Any:
    _starting.set(0.0)
    began = time.monotonic()
    result = execute(function, config, *rest)
    seconds = time.monotonic() - began - _starting.get()
    throttled = bool(result.get("throttle"))
    _record(config, "Throttles", throttled)
    if not throttled:
        _record(config, "Invocations", 1)
        _record(config, "Errors", bool(result.get("error")))
        _record(config, "Duration", seconds * 1000, "Milliseconds")
    return result
