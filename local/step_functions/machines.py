"""Step Functions' limits and error rules where MiniStack's are laxer than AWS's."""

import json
import random
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

from local.patching import original, replace

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
        name = f"_execute_{kind}"
        replace(stepfunctions, name, _within_limit(original(stepfunctions, name)))
    replace(stepfunctions, "_invoke_resource", _task(original(stepfunctions, "_invoke_resource")))
    replace(stepfunctions, "_error_matches", error_matches)
    replace(
        stepfunctions, "_find_matching_retrier", _paced(original(stepfunctions, "_find_matching_retrier"))
    )
    replace(stepfunctions, "_fail_execution", _without_output(original(stepfunctions, "_fail_execution")))
    replace(stepfunctions, "_start_execution", _checked(original(stepfunctions, "_start_execution")))


def size(payload: Any) -> int:
    """Bytes of a payload as Step Functions counts them."""
    return len(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode())


def error_matches(error_equals: list[str], error: str) -> bool:
    """Says whether a retrier or catcher for ``error_equals`` is one for ``error``."""
    if error in error_equals:
        return True
    if error in TERMINAL:
        return False
    return "States.ALL" in error_equals or ("States.TaskFailed" in error_equals and error != "States.Timeout")


def delay(retrier: dict[str, Any], retries: int, uniform: Callable[[float, float], float]) -> float:
    """Seconds to wait before the next attempt.

    Args:
        retrier: One entry of a state's ``Retry``.
        retries: How often it has retried already.
        uniform: Draws between two bounds, for ``JitterStrategy`` ``FULL``.
    """
    seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds


def _within_limit(execute: Callable[..., tuple[Any, str | None]]) -> Callable[..., tuple[Any, str | None]]:
    def checked(state: dict[str, Any], state_input: Any, *rest: Any) -> tuple[Any, str | None]:
        output, following = execute(state, state_input, *rest)
        _refuse_oversized(output, state.get("Resource") or state["Type"])
        return output, following

    return checked


def _task(invoke: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def checked(resource: str, task_input: Any) -> Any:
        _refuse_oversized(task_input, resource)
        result = invoke(resource, task_input)
        _refuse_oversized(result, resource)
        return result

    return checked


def _refuse_oversized(payload: Any, subject: str) -> None:
    if size(payload) > PAYLOAD_BYTES:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            f"The state/task '{subject}' returned a result with a size exceeding the maximum number of bytes "
            "service limit.",
        )


def _paced(find: Callable[..., tuple[Any, int]]) -> Callable[..., tuple[Any, int]]:
    """MiniStack knows neither jitter nor a longest delay, so it gets a retrier that says the seconds."""

    def paced(retriers: list[Any], error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is not None:
            seconds = delay(retrier, counts.get(index, 0), random.uniform)
            retrier = {**retrier, "IntervalSeconds": seconds, "BackoffRate": 1}
        return retrier, index

    return paced


def _without_output(fail: Callable[[dict[str, Any], str, str], None]) -> Callable[..., None]:
    def failed(execution: dict[str, Any], error: str, cause: str) -> None:
        fail(execution, error, cause)
        execution["output"] = None

    return failed


def _checked(start: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def started(request: dict[str, Any]) -> Any:
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
        return start(request)

    return started
