"""Runs an execution's states one after another, and keeps how far they have come.

From there a redrive goes on; https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

import json
import logging
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local.patching import find_original, replace
from local.step_functions.runs import begin_with_revision, is_running

Document = dict[str, Any]
Progress = dict[str, Any]
"""How far states have come, empty before the first: the name of the ``state`` that runs, whether it was
``entered``, its ``input`` and the ``variables`` before it, both as JSON, and of its ``branches`` the same."""

_progress: ContextVar[Progress] = ContextVar("progress of the states that run on this thread")
_logger = logging.getLogger("states")


def install() -> None:
    """Replaces what runs an execution."""
    replace(stepfunctions, "_run_execution", run_execution)
    for used in ("_fail_execution", "_fail_state_error", "_apply_input_path", "_apply_output_path"):
        find_original(stepfunctions, used)


def tell(execution: Document, kind: str, details: Document) -> None:
    """Adds an event to a history, by way of those who save it."""
    stepfunctions._add_event(execution, kind, {"details": details})


def run_execution(arn: str) -> None:
    """Runs an execution to its end, from where it has come to."""
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return
    try:
        revision = begin_with_revision(execution)
        if revision is None:
            raise stepfunctions._ExecutionError("StateMachineDeleted", "State machine no longer exists")
        definition = json.loads(revision["definition"])
        context = describe_context(execution, definition, revision["roleArn"])
        progress = execution.setdefault("progress", {})
        given = context["Execution"]["Input"]
        output = run_states(definition["States"], definition["StartAt"], given, execution, context, progress)
        if is_running(execution):
            execution.pop("progress")
            execution.update(status="SUCCEEDED", output=json.dumps(output), stopDate=now_iso())
            tell(execution, "ExecutionSucceeded", {"output": execution["output"]})
            stepfunctions._emit_execution_status_event(execution)
    except stepfunctions._ExecutionError as error:
        stepfunctions._fail_execution(execution, error.error, error.cause)
    except Exception as error:  # whatever happens, an execution comes to its end
        _logger.exception("Unexpected error in execution %s", arn)
        stepfunctions._fail_execution(execution, "States.Runtime", str(error))


def describe_context(execution: Document, definition: Document, role: str) -> Document:
    """Returns the context object of an execution's states, with the variables that MiniStack keeps in it."""
    redriven = {"RedriveTime": execution["redriveDate"]} if execution.get("redriveCount") else {}
    return {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": json.loads(execution["input"]),
            "Name": execution["name"],
            "RoleArn": role,
            "StartTime": execution["startDate"],
            "RedriveCount": execution.get("redriveCount", 0),
            **redriven,
        },
        "StateMachine": {
            "Id": execution["stateMachineArn"],
            "Name": execution["stateMachineArn"].rpartition(":")[2],
        },
        "variables": {},
    }


def run_states(
    states: Document, start: str, given: Any, execution: Document, context: Document, progress: Progress
) -> Any:
    """Runs states to the end of the last one, or until the execution is ended; returns its output.

    Args:
        states: The states by their names.
        start: The first one.
        given: Its input.
        execution: Their execution.
        context: Its context object.
        progress: How far they have come before; kept up to date.
    """
    token = _progress.set(progress)
    try:
        if not progress:
            _note(progress, start, json.dumps(given), context)
        document, context["variables"] = json.loads(progress["input"]), json.loads(progress["variables"])
        while (name := progress["state"]) and is_running(execution):
            if name not in states:
                raise stepfunctions._ExecutionError("States.Runtime", f"State '{name}' not found")
            state = states[name]
            kind = state["Type"]
            context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
            # Redriven, a state goes on that was entered before, but a Fail state, which is reentered.
            if not progress["entered"] or kind == "Fail":
                tell(execution, f"{kind}StateEntered", {"name": name, "input": progress["input"]})
                progress["entered"] = True
            document, following = _run_state(state, document, execution, context)
            output = json.dumps(document)
            tell(execution, f"{kind}StateExited", {"name": name, "output": output})
            if is_running(execution):
                _note(progress, following, output, context)
        return document
    finally:
        _progress.reset(token)


def begin_branches(context: Document) -> bool:
    """Returns whether the branches of the state that runs begin, and do not go on after a redrive."""
    progress = _progress.get()
    if context["State"]["RetryCount"]:
        # A state that is retried runs all of its branches again.
        progress["branches"] = {}
    return not progress["branches"]


def find_branches() -> dict[str, Progress]:
    """Returns the progress of each branch of the state that runs; of one that has ended the ``output``."""
    branches: dict[str, Progress] = _progress.get()["branches"]
    return branches


def _note(progress: Progress, state: str | None, given: str, context: Document) -> None:
    # At once: the execution may be saved at any moment.
    variables = json.dumps(context["variables"])
    progress.update(state=state, entered=False, input=given, variables=variables, branches={})


def _run_state(state: Document, given: Any, execution: Document, context: Document) -> tuple[Any, Any]:
    """Runs one state; returns its output and the name of the next state."""
    kind = state["Type"]
    if kind == "Fail":
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, given, context))
    if kind == "Succeed":
        selected = stepfunctions._apply_input_path(state, given, context)
        return stepfunctions._apply_output_path(state, selected, context), None
    execute = getattr(stepfunctions, f"_execute_{kind.lower()}", None)
    if execute is None:
        raise stepfunctions._ExecutionError("States.Runtime", f"Unknown state type: {kind}")
    if kind in ("Task", "Parallel", "Map"):
        return tuple(execute(state, given, execution, context))
    return tuple(execute(state, given, context))
