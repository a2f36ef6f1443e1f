"""Writes an execution's events to its state machine's log group, as the logging configuration says.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from ministack.services import cloudwatch_logs

from local.patching import find_original
from local.step_functions.configuration import find_group, read_logging
from local.step_functions.runs import find_machine

ENDS = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
FAILURES = ("Failed", "Aborted", "TimedOut", "FailStateEntered")
EXECUTION_DATA = ("input", "inputDetails", "output", "outputDetails", "parameters")


def install() -> None:
    """Checks that MiniStack has what this module uses of it."""
    for operation in ("_create_log_stream", "_put_log_events"):
        find_original(cloudwatch_logs, operation)


def write_event(execution: dict[str, Any], event: dict[str, Any]) -> None:
    """Writes one event, if the state machine logs events of its type."""
    machine = find_machine(execution) or {}
    logging = read_logging(machine)
    group = find_group(logging)
    if group is None or not is_logged(logging["level"], event["type"]):
        return
    milliseconds = int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)
    line = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _select_details(event, logging["includeExecutionData"]),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(milliseconds),
        "execution_arn": execution["executionArn"],
        "redrive_count": str(execution.get("redriveCount", 0)),
    }
    names = {"logGroupName": group, "logStreamName": name_stream(machine["name"], execution)}
    cloudwatch_logs._create_log_stream(names)
    message = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    cloudwatch_logs._put_log_events({**names, "logEvents": [{"timestamp": milliseconds, "message": message}]})


def name_stream(machine: str, execution: dict[str, Any]) -> str:
    """Returns the log stream of all executions that a state machine begins in one minute."""
    minute = datetime.fromisoformat(execution["startDate"]).strftime("%Y-%m-%d-%H-%M")
    digest = hashlib.sha256(f"{execution['stateMachineArn']} {minute}".encode()).hexdigest()
    return f"states/{machine}/{minute}/{digest[:8]}"


def is_logged(level: str, kind: str) -> bool:
    """Returns whether a state machine that logs at ``level`` logs events of a kind."""
    return (
        level == "ALL"
        or (level == "ERROR" and kind.endswith(FAILURES))
        or (level == "FATAL" and kind in ENDS)
    )


def _select_details(event: dict[str, Any], with_data: bool) -> dict[str, Any]:
    """Returns the details of an event, without its data unless ``with_data``."""
    details: dict[str, Any] = next(
        (value for name, value in event.items() if name.endswith("EventDetails")), {}
    )
    return {name: value for name, value in details.items() if with_data or name not in EXECUTION_DATA}
