"""A state machine's history in its log group, as its logging configuration says.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

import json
from datetime import datetime
from typing import Any

from ministack.services import cloudwatch_logs, stepfunctions

from local.patching import original, replace

ENDS = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
FAILURES = ("Failed", "Aborted", "TimedOut")
EXECUTION_DATA = ("input", "output")


def install() -> None:
    """Writes each event of an execution to the log as it happens."""
    add_event = original(stepfunctions, "_add_event")
    emit_status = original(stepfunctions, "_emit_execution_status_event")
    for operation in ("_create_log_stream", "_put_log_events"):
        original(cloudwatch_logs, operation)

    def add_and_log(execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None) -> Any:
        event = add_event(execution, kind, details)
        log(execution, event)
        return event

    def emit_and_log(execution: dict[str, Any]) -> None:
        if execution["status"] == "RUNNING":
            log(execution, execution["events"][0])
        emit_status(execution)

    replace(stepfunctions, "_add_event", add_and_log)
    replace(stepfunctions, "_emit_execution_status_event", emit_and_log)


def log(execution: dict[str, Any], event: dict[str, Any]) -> None:
    """Writes one event, if the state machine logs such."""
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    configuration = machine.get("loggingConfiguration") or {}
    if not logs(configuration.get("level", "OFF"), event["type"]):
        return
    milliseconds = int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)
    line = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details(event, bool(configuration.get("includeExecutionData"))),
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


def logs(level: str, kind: str) -> bool:
    """Says whether a state machine that logs at ``level`` logs events of a kind."""
    return (
        level == "ALL"
        or (level == "ERROR" and kind.endswith(FAILURES))
        or (level == "FATAL" and kind in ENDS)
    )


def details(event: dict[str, Any], with_data: bool) -> dict[str, Any]:
    """Returns what the log says of an event, without what went in and out unless asked for."""
    of_event: dict[str, Any] = next(
        (value for name, value in event.items() if name.endswith("EventDetails")), {}
    )
    return {name: value for name, value in of_event.items() if with_data or name not in EXECUTION_DATA}
