"""Tells in a history what happens within Map and Parallel states, which MiniStack leaves out."""

import json
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from ministack.services import stepfunctions

from local.patching import find_original, replace, wrap
from local.step_functions.distributed_map.definition import is_distributed
from local.step_functions.distributed_map.state import run_map
from local.step_functions.history import add, find_previous, follow
from local.step_functions.running import Progress, begin_branches, find_branches, run_states
from local.step_functions.runs import is_running

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
    find_original(stepfunctions, "_jsonata_state_field")


def _run_map(run: Any, state: Document, given: Any, execution: Document, context: Document) -> Any:
    if is_distributed(state):
        return run_map(state, given, execution, context)
    if begin_branches(context):
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
    if begin_branches(context):
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
    """Runs a branch, or an item of a Map state, on its thread; one that ended before a redrive is left."""
    # Branches run at once, each in a state of its own and with variables that no other sees.
    context = {**context}
    mapping = _map.get()
    # No two states of a state machine have the same name.
    key = start if mapping is None else str(context["Map"]["Item"]["Index"])
    branches = find_branches()
    progress = branches.setdefault(key, {})
    if "output" in progress:
        return json.loads(progress["output"])
    if mapping is None:
        result = run_states(states, start, given, execution, context, progress)
    else:
        result = _run_item(mapping, states, start, given, execution, context, progress)
    if is_running(execution):
        branches[key] = {"output": json.dumps(result)}
    return result


def _run_item(
    mapping: _Map,
    states: Document,
    start: str,
    given: Any,
    execution: Document,
    context: Document,
    progress: Progress,
) -> Any:
    _map.set(None)
    details = {"name": mapping.name, "index": context["Map"]["Item"]["Index"]}
    if mapping.ended and details["index"] >= mapping.concurrent > 0:
        follow(execution, mapping.ended.pop(0))
    add(execution, "MapIterationStarted", details)
    try:
        result = run_states(states, start, given, execution, context, progress)
    except stepfunctions._ExecutionError:
        add(execution, "MapIterationFailed", details, passed_by=True)
        raise
    add(execution, "MapIterationSucceeded", details, passed_by=True)
    mapping.ended.append(find_previous())
    return result
