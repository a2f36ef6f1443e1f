"""Writes a state machine's history to its log group, as its logging configuration says.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

import json
from datetime import datetime
from typing import Any

from ministack.services import cloudwatch_logs, stepfunctions

from local.patching import find_original, wrap

ENDS = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
FAILURES = ("Failed", "Aborted", "TimedOut")
EXECUTION_DATA = ("input", "output")


def install() -> None:
    """Writes each event of an execution to the log as it happens."""
    for operation in ("_create_log_stream", "_put_log_events"):
        find_original(cloudwatch_logs, operation)
    wrap(stepfunctions, "_add_event", _add_event)
    wrap(stepfunctions, "_emit_execution_status_event", _emit_status)


def _add_event(add: Any, execution: dict[str, Any], *event: Any) -> Any:
    added = add(execution, *event)
    write_event(execution, added)
    return added


def _emit_status(emit: Any, execution: dict[str, Any]) -> None:
    if execution["status"] == "RUNNING":
        # MiniStack puts this first event there without ``_add_event``.
        write_event(execution, execution["events"][0])
    emit(execution)


def write_event(execution: dict[str, Any], event: dict[str, Any]) -> None:
    """Writes one event, if the state machine logs events of its type."""
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    configuration = machine.get("loggingConfiguration") or {}
    if not is_logged(configuration.get("level", "OFF"), event["type"]):
        return
    milliseconds = int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)
    line = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _select_details(event, bool(configuration.get("includeExecutionData"))),
        "previous_event_id": str(event["id"] - 1),
        "event_timestamp": str(milliseconds),
        "execution_arn": execution["executionArn"],
        "redrive_count": "0",
    }
    stream = f"states/{machine['name']}/{execution['startDate'][:10]}/{execution['name']}"
    for destination in configuration.get("destinations") or []:
        arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
        names = {"logGroupName": arn.split(":log-group:")[1].removesuffix(":*"), "logStreamName": stream}
        cloudwatch_logs._create_log_stream(names)
        message = json.dumps(line, ensure_ascii=False)
        cloudwatch_logs._put_log_events(
            {**names, "logEvents": [{"timestamp": milliseconds, "message": message}]}
        )


def is_logged(level: str, kind: str) -> bool:
    """Returns whether a state machine that logs at ``level`` logs events of a kind."""
    return (
        level == "ALL"
        or (level == "ERROR" and kind.endswith(FAILURES))
        or (level == "FATAL" and kind in ENDS)
    )


def _select_details(event: dict[str, Any], with_data: bool) -> dict[str, Any]:
    """Returns the details of an event, without its input and output unless ``with_data``."""
    details: dict[str, Any] = next(
        (value for name, value in event.items() if name.endswith("EventDetails")), {}
    )
    return {name: value for name, value in details.items() if with_data or name not in EXECUTION_DATA}
