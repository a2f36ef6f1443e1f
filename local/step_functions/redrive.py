"""Redrives an execution that has not succeeded, which MiniStack does not know.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
"""

import copy
import json
import threading
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

from local.patching import wrap
from local.step_functions.history import add, follow, has_ended
from local.step_functions.runs import find_revision

Document = dict[str, Any]
Execution = dict[str, Any]

OPERATION = "RedriveExecution"
EXPRESS = "EXPRESS"
EVENTS = 24_999
REDRIVABLE = timedelta(days=14)
LONGEST = timedelta(days=365)
TOKENS = 10
TOKEN_VALID = timedelta(minutes=15)

# A redrive tells EventBridge, whose rules may redrive another execution on the same thread.
_lock = threading.RLock()


def install() -> None:
    """Adds the operation, and what the others tell of it."""
    wrap(stepfunctions, "handle_request", _handle_request)
    wrap(stepfunctions, "_describe_execution", _describe_execution)
    wrap(stepfunctions, "_list_executions", _list_executions)


def describe_redrive(execution: Execution, status: str) -> Document:
    """Returns what an execution's description tells of its redrives.

    Args:
        execution: The execution.
        status: The status that it is described with.
    """
    fault = find_fault(execution, status)
    # The executions of a Map Run are redriven with the one that has started it.
    redrivable = "REDRIVABLE_BY_MAP_RUN" if "mapRunArn" in execution else "REDRIVABLE"
    return {
        **_select_redrives(execution),
        "redriveStatus": "NOT_REDRIVABLE" if fault else redrivable,
        **({"redriveStatusReason": fault} if fault else {}),
    }


def find_fault(execution: Execution, status: str) -> str | None:
    """Returns AWS's reason why an execution of a status cannot be redriven; None where it can."""
    if status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {status} and cannot be redriven"
    if find_revision(execution) is None:
        return "State machine is in DELETING status"
    if "progress" not in execution:
        # It is of a home that was made before this module was.
        return "Execution was started before the launch of RedriveExecution"
    if len(execution["events"]) >= EVENTS:
        return "Execution history event limit exceeded"
    if _measure_age(execution["startDate"]) > LONGEST:
        return "Execution has exceeded the max execution time"
    if _measure_age(execution["stopDate"]) > REDRIVABLE:
        return "Execution redrivable period exceeded"
    return None


def redrive_execution(request: Document) -> Any:
    """Answers RedriveExecution."""
    arn, token = request.get("executionArn", ""), request.get("clientToken")
    execution = stepfunctions._executions.get(arn)
    kind = arn.split(":")[5] if arn.count(":") > 5 else ""
    if (
        execution
        and stepfunctions._state_machines.get(execution["stateMachineArn"], {}).get("type") == EXPRESS
    ):
        kind = EXPRESS.lower()
    if kind != "execution":
        message = f"Invalid Arn: 'Resource type not valid in this context: {kind}'"
        return error_response_json("InvalidArn", message, 400)
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    with _lock:
        for used, date in execution.get("redriveTokens", []):
            if used == token and _measure_age(date) <= TOKEN_VALID:
                return json_response({"redriveDate": date})
        fault = find_fault(execution, execution["status"] if has_ended(execution) else "RUNNING")
        if "mapRunArn" in execution and not fault:
            fault = "Execution is redriven by its Map Run: redrive the execution that has started that"
        if fault:
            return error_response_json("ExecutionNotRedrivable", fault, 400)
        # What a request says of itself, such as its account, goes with the execution's thread.
        copy_context().run(_redrive, execution, token)
    return json_response({"redriveDate": execution["redriveDate"]})


def _redrive(execution: Execution, token: str | None) -> None:
    begin_redrive(execution, token)
    run = copy_context().run
    arguments = (stepfunctions._run_execution, execution["executionArn"])
    threading.Thread(target=run, args=arguments, daemon=True).start()


def begin_redrive(execution: Execution, token: str | None = None) -> None:
    """Makes an execution ready to be run again from where it has come to; its history goes on on this thread.

    Args:
        execution: The execution, which has ended.
        token: What the client names its request by.
    """
    date = now_iso()
    # A task of the former run may still come back to the former progress.
    progress = copy.deepcopy(execution["progress"])
    if execution.pop("error", None) == "States.DataLimitExceeded":
        progress["branches"] = {}
    execution.pop("cause", None)
    execution.update(
        progress=progress,
        redriveCount=execution.get("redriveCount", 0) + 1,
        redriveDate=date,
        redriveTokens=[*execution.get("redriveTokens", []), (token, date)][-TOKENS:],
        stopDate=None,
        output=None,
        status="RUNNING",
    )
    follow(execution, execution["events"][-1]["id"])
    add(execution, "ExecutionRedriven", {"redriveCount": execution["redriveCount"]})
    stepfunctions._emit_execution_status_event(execution)


def _measure_age(date: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(date)


def _select_redrives(execution: Execution) -> Document:
    date = execution.get("redriveDate")
    return {"redriveCount": execution.get("redriveCount", 0), **({"redriveDate": date} if date else {})}


async def _handle_request(
    handle: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
) -> Any:
    if headers.get("x-amz-target", "").rpartition(".")[2] == OPERATION:
        return stepfunctions._finalize_response(redrive_execution(json.loads(body)))
    return await handle(method, path, headers, body, query)


def _describe_execution(describe: Any, request: Document) -> Any:
    response = describe(request)
    if response[0] != 200:
        return response
    described = json.loads(response[2])
    execution = stepfunctions._executions[described["executionArn"]]
    return json_response({**described, **describe_redrive(execution, described["status"])})


def _list_executions(list_: Any, request: Document) -> Any:
    chosen = request.get("redriveFilter")
    if chosen and "stateMachineArn" in request:
        message = "1 validation error detected: redriveFilter is for the executions of a Map Run only"
        return error_response_json("ValidationException", message, 400)
    response = list_(request)
    if response[0] != 200:
        return response
    listed = json.loads(response[2])
    shown = []
    for each in listed["executions"]:
        execution = stepfunctions._executions[each["executionArn"]]
        each.update(_select_redrives(execution))
        if "mapRunArn" in request:
            each["itemCount"] = execution["itemCount"]
        if chosen is None or (chosen == "REDRIVEN") == bool(each["redriveCount"]):
            shown.append(each)
    return json_response({**listed, "executions": shown})
