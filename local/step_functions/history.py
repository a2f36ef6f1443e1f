"""Keeps an execution's history as AWS does, and hands each event on to the state machine's log and metrics.

MiniStack's histories do not say which event came before which, and schedule a task without starting it.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import json
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response, now_iso
from ministack.services import stepfunctions

from local.patching import find_original, replace, wrap
from local.step_functions.logs import write_event
from local.step_functions.metrics import count_execution, count_task, time_task
from local.step_functions.runs import begin_with_revision, enter_run, is_running, leave_run

Document = dict[str, Any]
EVALUATION = "States.QueryEvaluationError"
ENDS = ("Succeeded", "Failed", "Aborted", "TimedOut")
ENDING_SECONDS = 2


@dataclass
class _Task:
    """The task state that runs on this thread.

    Attributes:
        name: Its state's name.
        timeout: Its ``TimeoutSeconds``, if it is a number.
        arguments: What its resource is called with, once that is known.
        scheduled: When it was scheduled, by a clock that only goes forward.
    """

    name: str
    timeout: Document
    arguments: Any = None
    scheduled: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class _Family:
    """A kind of resource, by what AWS calls its tasks in events and in metrics."""

    event: str
    singular: str
    plural: str
    dimension: str


FUNCTION = _Family("LambdaFunction", "LambdaFunction", "LambdaFunctions", "LambdaFunctionArn")
ACTIVITY = _Family("Activity", "Activity", "Activities", "ActivityArn")
SERVICE = _Family("Task", "ServiceIntegration", "ServiceIntegrations", "ServiceIntegrationResourceArn")

_lock = threading.Lock()
_running: ContextVar[Document | None] = ContextVar("execution that runs", default=None)
#: ARN of an execution and the number of its event that the next one on this thread follows.
_previous: ContextVar[tuple[str, int]] = ContextVar("previous event", default=("", 0))
_task: ContextVar[_Task | None] = ContextVar("task that runs", default=None)


def install() -> None:
    """Replaces MiniStack's history."""
    replace(stepfunctions, "_add_event", _add_event)
    wrap(stepfunctions, "_describe_execution", _describe_execution)
    wrap(stepfunctions, "_run_execution", _run_execution)
    wrap(stepfunctions, "_execute_task", _execute_task)
    for operation in ("_apply_parameters", "_apply_jsonata_arguments"):
        wrap(stepfunctions, operation, _remember_arguments)
    for kind in ("pass", "choice", "wait"):
        wrap(stepfunctions, f"_execute_{kind}", _execute_plain)
    find_original(stepfunctions, "_emit_execution_status_event")


def add(execution: Document, kind: str, details: Document | None = None, *, passed_by: bool = False) -> None:
    """Adds an event to a history that has not ended, and tells the log and the metrics of it.

    Args:
        execution: The execution.
        kind: The event's type.
        details: What AWS tells with it; None where AWS has no details for the type.
        passed_by: Whether the next event follows the one before this one.
    """
    with _lock:
        if not is_running(execution) and not kind.startswith("Execution"):
            # It was stopped, or timed out, while a state ran, and may have been redriven since.
            return
        arn, previous = _previous.get()
        event = {
            "id": len(execution["events"]) + 1,
            "previousEventId": previous if arn == execution["executionArn"] else 0,
            "type": kind,
            "timestamp": now_iso(),
        }
        if details is not None:
            event[_name_details(kind)] = _complete(details)
        # First, so that whoever reads of an execution's end finds all that is told of it.
        _tell(execution, event)
        execution["events"].append(event)
    if not passed_by:
        follow(execution, event["id"])


def follow(execution: Document, number: int) -> None:
    """Lets the next event of this thread follow the one of a number; 0 where it follows none."""
    _previous.set((execution["executionArn"], number))


def find_previous() -> int:
    """Returns the number of the event that the next one of this thread follows."""
    return _previous.get()[1]


def _tell(execution: Document, event: Document) -> None:
    write_event(execution, event)
    count_execution(execution, event["type"])


def _name_details(kind: str) -> str:
    for end in ("StateEntered", "StateExited"):
        if kind.endswith(end):
            return f"s{end[1:]}EventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def _complete(details: Document) -> Document:
    """Says of data that they are whole, and leaves an error or a cause out that is empty."""
    completed = {name: value for name, value in details.items() if value or name not in ("error", "cause")}
    for data in ("input", "output"):
        if data in details:
            completed[f"{data}Details"] = {"truncated": False}
    return completed


def _add_event(execution: Document, kind: str, groups: Document | None = None) -> None:
    """Takes an event as MiniStack tells it."""
    details = next(iter((groups or {}).values()), None)
    if kind in ("TaskScheduled", "TaskSucceeded", "TaskFailed") and details is not None:
        _add_task_event(execution, kind.removeprefix("Task"), details)
    else:
        add(execution, kind, details)


def _add_task_event(execution: Document, change: str, details: Document) -> None:
    """Adds the events that AWS has for a change of a task, which depend on what the task calls."""
    resource = details["resource"]
    task = _task.get() or _Task("", {})
    if details.get("error") == EVALUATION:
        add(execution, "EvaluationFailed", {**_select_failure(details), "state": task.name})
        return
    family, identity, arn = _identify(resource)
    dimension = {family.dimension: arn}
    if change == "Scheduled":
        task.scheduled = time.monotonic()
        given = json.dumps(task.arguments, ensure_ascii=False, separators=(",", ":"))
        if family is SERVICE:
            scheduled = {**identity, "region": get_region(), "parameters": given, **task.timeout}
        else:
            scheduled = {"resource": resource, "input": given, **task.timeout}
        add(execution, f"{family.event}Scheduled", scheduled)
        count_task(family.plural, "Scheduled", **dimension)
        if family is not ACTIVITY:
            add(execution, f"{family.event}Started", identity or None)
            count_task(family.plural, "Started", **dimension)
        return
    if change == "Failed":
        change = "TimedOut" if details["error"] == "States.Timeout" else "Failed"
        add(execution, f"{family.event}{change}", {**identity, **_select_failure(details)})
    else:
        add(execution, f"{family.event}{change}", {**identity, "output": details["output"]})
    count_task(family.plural, change, **dimension)
    time_task(family.singular, time.monotonic() - task.scheduled, **dimension)


def _select_failure(details: Document) -> Document:
    return {name: details[name] for name in ("error", "cause")}


def _identify(resource: str) -> tuple[_Family, Document, str]:
    """Returns a resource's family, how its events name it, and the ARN that its metrics name."""
    if ":lambda:" in resource and ":function:" in resource:
        return FUNCTION, {}, resource
    if ":activity:" in resource:
        return ACTIVITY, {}, resource
    called = resource.partition(":::")[2]
    parts = called.split(":")
    # An SDK integration is named by two words: aws-sdk:ssm.
    words = 2 if parts[0] == "aws-sdk" else 1
    identity = {"resourceType": ":".join(parts[:words]), "resource": ":".join(parts[words:])}
    return SERVICE, identity, f"arn:aws:states:{get_region()}:{get_account_id()}:{called}"


def _describe_execution(describe: Any, request: Document) -> Any:
    """Shows an execution as running until its history tells of its end, which MiniStack writes later."""
    execution = stepfunctions._executions.get(request.get("executionArn"))
    # Asked before it is described: an end that comes in between is described in part.
    ended = execution is not None and has_ended(execution)
    response = describe(request)
    if response[0] != 200 or (described := json.loads(response[2]))["status"] == "RUNNING":
        return response
    if not ended:
        for name in ("stopDate", "output", "error", "cause"):
            described.pop(name, None)
        described["status"] = "RUNNING"
    elif described["status"] == "FAILED":
        # MiniStack gives one that failed an output for a moment.
        described.pop("output", None)
    return json_response(described)


def has_ended(execution: Document) -> bool:
    """Returns whether an execution has ended, and its history tells of it."""
    if execution["status"] == "RUNNING":
        return False
    if not execution["events"] or execution["events"][-1]["type"].removeprefix("Execution") in ENDS:
        return True
    age = datetime.now(UTC) - datetime.fromisoformat(execution["stopDate"] or execution["startDate"])
    # A history that a server left when it was killed never tells of its end.
    return age.total_seconds() >= ENDING_SECONDS


def _run_execution(run: Callable[[str], None], arn: str) -> None:
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return
    redriven = execution.get("redriveCount", 0)
    if not redriven:
        begun = execution["events"][0]
        begun["previousEventId"] = 0
        begun["executionStartedEventDetails"] = _complete(begun["executionStartedEventDetails"])
        _tell(execution, begun)
    followed = execution["events"][-1]["id"] if redriven else 0
    # Another execution may run on this thread, and wait for this one.
    token = enter_run(execution)
    running, previous = _running.set(execution), _previous.set((arn, followed))
    timer = _start_timer(execution)
    try:
        run(arn)
    finally:
        if timer:
            timer.cancel()
        _running.reset(running)
        _previous.reset(previous)
        leave_run(token)


def _start_timer(execution: Document) -> threading.Timer | None:
    """Ends an execution once it has run for its state machine's ``TimeoutSeconds``."""
    try:
        seconds = json.loads((begin_with_revision(execution) or {})["definition"])["TimeoutSeconds"]
    except (KeyError, ValueError):
        return None
    timer = threading.Timer(seconds, copy_context().run, (_time_out, execution))
    timer.daemon = True
    timer.start()
    return timer


def _time_out(execution: Document) -> None:
    if is_running(execution):
        execution.update(status="TIMED_OUT", stopDate=now_iso())
        # It follows no state: whichever runs is not waited for.
        follow(execution, 0)
        add(execution, "ExecutionTimedOut", {})
        stepfunctions._emit_execution_status_event(execution)


def _execute_task(execute: Any, state: Document, given: Any, execution: Document, context: Document) -> Any:
    seconds = state.get("TimeoutSeconds")
    timeout = {"timeoutInSeconds": seconds} if isinstance(seconds, int) else {}
    token = _task.set(_Task(context["State"]["Name"], timeout))
    try:
        return execute(state, given, execution, context)
    finally:
        _task.reset(token)


def _remember_arguments(apply: Any, *given: Any) -> Any:
    arguments = apply(*given)
    if task := _task.get():
        task.arguments = arguments
    return arguments


def _execute_plain(execute: Any, state: Document, given: Any, context: Document) -> Any:
    name = context["State"]["Name"]
    try:
        return execute(state, given, context)
    except stepfunctions._ExecutionError as error:
        if (execution := _running.get()) and error.error == EVALUATION:
            details = {"error": error.error, "cause": error.cause, "state": name}
            add(execution, "EvaluationFailed", details)
        raise
