"""Puts AWS's limits and error rules where MiniStack's Step Functions are laxer."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

from local.patching import replace, wrap
from local.step_functions.roles import is_task_running
from local.step_functions.runs import is_running

NAME_CHARACTERS = 80
FORBIDDEN = re.compile(
    r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff\U0010ffff]"""
)
"""What no name of a state machine, an execution or an activity holds;
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html."""
PAYLOAD_BYTES = 262_144
"""The most that goes into or out of a state, a task or an execution, as UTF-8;
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""
STATE_KINDS = ("pass", "task", "choice", "wait", "parallel", "map")
TERMINAL = ("States.DataLimitExceeded", "States.Runtime")
"""Errors that no wildcard retries or catches;
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html."""


def install() -> None:
    """Replaces MiniStack's rules by AWS's."""
    for kind in STATE_KINDS:
        wrap(stepfunctions, f"_execute_{kind}", _execute_state)
    wrap(stepfunctions, "_invoke_resource", _invoke_resource)
    replace(stepfunctions, "_error_matches", matches_error)
    wrap(stepfunctions, "_find_matching_retrier", _find_retrier)
    wrap(stepfunctions, "_fail_execution", _fail_execution)
    wrap(stepfunctions, "_start_execution", _start_execution)
    wrap(stepfunctions, "_start_sync_execution", _start_sync_execution)
    for operation in ("_create_state_machine", "_create_activity"):
        wrap(stepfunctions, operation, _check_name)


def measure(payload: Any) -> int:
    """Returns the bytes of a payload as Step Functions counts them."""
    # Half a surrogate pair, which JSON can write but UTF-8 cannot, counts too: the task is told of it.
    return len(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass"))


def matches_error(error_equals: list[str], error: str) -> bool:
    """Returns whether a retrier or catcher for ``error_equals`` is one for ``error``."""
    if error in error_equals:
        return True
    if error in TERMINAL:
        return False
    return "States.ALL" in error_equals or ("States.TaskFailed" in error_equals and error != "States.Timeout")


def compute_delay(retrier: dict[str, Any], retries: int, uniform: Callable[[float, float], float]) -> float:
    """Returns the seconds to wait before the next attempt.

    Args:
        retrier: One entry of a state's ``Retry``.
        retries: How often it has retried already.
        uniform: Draws between two bounds, for ``JitterStrategy`` ``FULL``.
    """
    seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds


def _execute_state(execute: Any, state: dict[str, Any], *rest: Any) -> tuple[Any, str | None]:
    output, following = execute(state, *rest)
    _refuse_oversized(output, state.get("Resource") or state["Type"])
    return output, following


def _invoke_resource(invoke: Any, resource: str, task_input: Any) -> Any:
    _refuse_oversized(task_input, resource)
    result = invoke(resource, task_input)
    _refuse_oversized(result, resource)
    return result


def _refuse_oversized(payload: Any, subject: str) -> None:
    if measure(payload) > PAYLOAD_BYTES:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            f"The state/task '{subject}' returned a result with a size exceeding the maximum number of bytes "
            "service limit.",
        )


def _find_retrier(find: Any, retriers: list[Any], error: str, counts: dict[int, int]) -> tuple[Any, int]:
    """Gives MiniStack, which knows neither jitter nor a longest delay, a retrier with the seconds to wait."""
    retrier, index = find(retriers, error, counts)
    if retrier is not None:
        seconds = compute_delay(retrier, counts.get(index, 0), random.uniform)
        retrier = {**retrier, "IntervalSeconds": seconds, "BackoffRate": 1}
    return retrier, index


def _fail_execution(fail: Any, execution: dict[str, Any], error: str, cause: str) -> None:
    if not is_running(execution):
        # It was stopped, or timed out, while the state ran that now fails, and may have been redriven since.
        return
    fail(execution, error, cause)
    execution["output"] = None


def find_fault(name: str) -> tuple[str, str] | None:
    """Returns the code and the message with which AWS refuses a name; None where it takes it."""
    if len(name) > NAME_CHARACTERS:
        return "ValidationException", (
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            f"Member must have length less than or equal to {NAME_CHARACTERS}"
        )
    if FORBIDDEN.search(name):
        return "InvalidName", f"Invalid Name: '{name}'"
    return None


def _check_name(operate: Any, request: dict[str, Any]) -> Any:
    if fault := find_fault(request.get("name") or ""):
        return error_response_json(*fault, 400)
    return operate(request)


def _start_execution(start: Any, request: dict[str, Any]) -> Any:
    text = request.get("input", "{}")
    if len(text.encode()) > PAYLOAD_BYTES:
        return error_response_json(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {PAYLOAD_BYTES}",
            400,
        )
    try:
        json.loads(text)
    except ValueError as error:
        return error_response_json(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'", 400
        )
    return _check_name(start, request)


def _start_sync_execution(start: Any, request: dict[str, Any]) -> Any:
    machine = stepfunctions._state_machines.get(request.get("stateMachineArn")) or {}
    # A task that starts an execution and waits for its end comes through here as well.
    if machine.get("type") == "STANDARD" and not is_task_running():
        return error_response_json(
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine",
            400,
        )
    return _start_execution(start, request)
