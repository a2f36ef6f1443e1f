"""Tells in a history what happens within Map and Parallel states, which MiniStack leaves out."""

import copy
import json
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local.patching import find_original, replace, wrap
from local.step_functions.history import add, find_previous, follow

Document = dict[str, Any]


@dataclass
class _Map:
    """A Map state that runs.

    Attributes:
        name: Its name.
        concurrent: How many of its items may run at once; 0 where all may.
        ended: Numbers of the events with which items ended that no later item has followed yet.
    """

    name: str
    concurrent: int
    ended: list[int] = field(default_factory=list)


_map: ContextVar[_Map | None] = ContextVar("Map state whose items are about to run", default=None)


def install() -> None:
    """Replaces what runs the branches of a state."""
    replace(stepfunctions, "_run_sub_machine", _run_branch)
    wrap(stepfunctions, "_run_map_items", _run_map)
    wrap(stepfunctions, "_run_parallel_branches", _run_parallel)
    for used in ("_fail_state_error", "_jsonata_state_field"):
        find_original(stepfunctions, used)


def _run_map(run: Any, state: Document, given: Any, execution: Document, context: Document) -> Any:
    processor = state.get("Iterator") or state.get("ItemProcessor", {})
    if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
        return run(state, given, execution, context)
    add(execution, "MapStateStarted", {"length": _count_items(state, given, context)})
    concurrent = state.get("MaxConcurrency", 0)
    token = _map.set(_Map(context["State"]["Name"], concurrent if isinstance(concurrent, int) else 0))
    try:
        return _run_branches(run, "Map", state, given, execution, context)
    finally:
        _map.reset(token)


def _count_items(state: Document, given: Any, context: Document) -> int:
    if "Items" in state:
        items = stepfunctions._jsonata_state_field(state, "Items", "array", given, context)
    else:
        effective = stepfunctions._apply_input_path(state, given, context)
        items = stepfunctions._resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, context)
    return len(items) if isinstance(items, list) else 1


def _run_parallel(run: Any, state: Document, given: Any, execution: Document, context: Document) -> Any:
    add(execution, "ParallelStateStarted")
    return _run_branches(run, "Parallel", state, given, execution, context)


def _run_branches(
    run: Any, kind: str, state: Document, given: Any, execution: Document, context: Document
) -> Any:
    """Runs all branches of a state on their own threads, and tells how that ended."""
    try:
        result = run(state, given, execution, context)
    except stepfunctions._ExecutionError:
        _follow_last(execution)
        add(execution, f"{kind}StateFailed")
        raise
    _follow_last(execution)
    add(execution, f"{kind}StateSucceeded", passed_by=True)
    return result


def _follow_last(execution: Document) -> None:
    """Lets the next event of this thread follow the last one of its branches."""
    last = execution["events"][-1]
    followed = last["previousEventId"] if last["type"].startswith("MapIteration") else last["id"]
    follow(execution, followed)


def _run_branch(states: Document, start: str, given: Any, execution: Document, context: Document) -> Any:
    """Runs a branch, or one item of a Map state, on a thread of its own."""
    mapping = _map.get()
    if mapping is None:
        return _run_states(states, start, given, execution, context)
    _map.set(None)
    details = {"name": mapping.name, "index": context["Map"]["Item"]["Index"]}
    if mapping.ended and details["index"] >= mapping.concurrent > 0:
        follow(execution, mapping.ended.pop(0))
    add(execution, "MapIterationStarted", details)
    try:
        result = _run_states(states, start, given, execution, context)
    except stepfunctions._ExecutionError:
        add(execution, "MapIterationFailed", details, passed_by=True)
        raise
    add(execution, "MapIterationSucceeded", details, passed_by=True)
    mapping.ended.append(find_previous())
    return result


def _run_states(states: Document, start: str, given: Any, execution: Document, context: Document) -> Any:
    # Branches run at once, each in a state of its own; the workflow's variables are common to them.
    context = {**context}
    document, name = copy.deepcopy(given), start
    while name and execution["status"] == "RUNNING":
        if name not in states:
            raise stepfunctions._ExecutionError("States.Runtime", f"State '{name}' not found")
        state = states[name]
        context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        add(execution, f"{state['Type']}StateEntered", {"name": name, "input": json.dumps(document)})
        document, following = _run_state(state, document, execution, context)
        add(execution, f"{state['Type']}StateExited", {"name": name, "output": json.dumps(document)})
        name = following
    return document


def _run_state(state: Document, given: Any, execution: Document, context: Document) -> tuple[Any, Any]:
    """Runs one state of a branch; returns its output and the name of the next state."""
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
