"""Starts an execution of a name once, however often and from wherever it is asked for.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import threading
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions

from local.patching import find_original, wrap

# A start tells EventBridge, whose rules may start another execution on the same thread.
_lock = threading.RLock()


def install() -> None:
    """Replaces MiniStack's rule, which refuses a name that it knows, whatever became of it."""
    find_original(stepfunctions, "_resolve_state_machine_arn")
    wrap(stepfunctions, "_start_execution", start_once)


def start_once(start: Any, request: dict[str, Any]) -> Any:
    """Starts an execution, or answers as the first time where the same one runs already.

    Args:
        start: Starts an execution whose name is new.
        request: Request of StartExecution.
    """
    # Requests come on the server's loop, those of rules and of other executions on threads of their own.
    with _lock:
        execution = _find_execution(request)
        if execution is None:
            return start(request)
    arn = execution["executionArn"]
    if execution["status"] == "RUNNING" and execution["input"] == request.get("input", "{}"):
        return json_response({"executionArn": arn, "startDate": execution["startDate"]})
    return error_response_json("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'", 400)


def _find_execution(request: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the execution of a standard state machine that has the name of a request already."""
    machine = stepfunctions._state_machines.get(
        stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", ""))
    )
    if machine is None or machine.get("type") == "EXPRESS" or not request.get("name"):
        return None
    place = f"arn:aws:states:{get_region()}:{get_account_id()}:execution"
    execution: dict[str, Any] | None = stepfunctions._executions.get(
        f"{place}:{machine['name']}:{request['name']}"
    )
    return execution
