"""Parses an execution's history into states, and its state machine's definition into a graph."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

IMAGE_FIELD = "image_data"
ENDS = {"ExecutionFailed": "failed", "ExecutionAborted": "aborted", "ExecutionTimedOut": "timed out"}


def parse_states(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns each state that an execution entered, in order.

    Args:
        events: All events of GetExecutionHistory, oldest first, with execution data.

    Returns:
        For each its ``name``; ``status``: running, succeeded, caught (its error led to another state),
        failed, aborted or timed out; ``entered`` (Unix seconds); ``milliseconds``, None while it runs;
        ``input`` and ``output`` as ``shorten_document`` returns them; ``error`` and ``cause``; ``attempts``
        of its task, 0 for a state without one.
    """
    entered: list[dict[str, Any]] = []
    for event in events:
        kind, at = event["type"], event["timestamp"].timestamp()
        if kind.endswith("StateEntered"):
            details = event["stateEnteredEventDetails"]
            unknown = dict.fromkeys(("milliseconds", "output", "error", "cause"))
            document = shorten_document(details.get("input"))
            state = {"name": details["name"], "status": "running", "entered": at, "input": document}
            entered.append({**state, **unknown, "attempts": 0})
        elif not entered:
            continue
        elif kind.endswith("StateExited"):
            status = "succeeded" if entered[-1]["error"] is None else "caught"
            document = shorten_document(event["stateExitedEventDetails"].get("output"))
            _exit(entered[-1], status, at, output=document)
        elif kind in ENDS:
            # A Fail state is entered and never exited.
            if entered[-1]["status"] == "running":
                failure = _read_details(event)
                _exit(entered[-1], ENDS[kind], at, error=failure.get("error"), cause=failure.get("cause"))
        elif kind.endswith("Scheduled"):
            entered[-1].update(attempts=entered[-1]["attempts"] + 1, error=None, cause=None)
        elif kind.endswith(("Failed", "TimedOut")):
            failure = _read_details(event)
            cause = _parse_message(failure.get("cause"))
            entered[-1].update(error=failure.get("error", kind), cause=cause)
    return entered


def shorten_document(document: str | None) -> Any:
    """Returns a state's JSON with the picture replaced by its length; text that is no JSON as it is."""
    if document is None:
        return None
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return document
    return _replace_picture(value)


def parse_graph(definition: str) -> dict[str, list[Any]]:
    """Returns the states of a definition in Amazon States Language and the transitions between them.

    Returns:
        ``nodes``: names, the first state first, the others in the definition's order; ``edges``: pairs of
        names, each once; ``successes``: names of the states after which the execution has succeeded. A Map or
        Parallel state is one node.
    """
    machine = json.loads(definition)
    edges = {
        (name, step["Next"]): None
        for name, state in machine["States"].items()
        for step in (
            state,
            *state.get("Choices", []),
            *state.get("Catch", []),
            {"Next": state.get("Default")},
        )
        if step.get("Next")
    }
    start = machine["StartAt"]
    return {
        "nodes": [start, *(name for name in machine["States"] if name != start)],
        "edges": [list(edge) for edge in edges],
        "successes": [
            name
            for name, state in machine["States"].items()
            if state.get("End") or state["Type"] == "Succeed"
        ],
    }


def _exit(state: dict[str, Any], status: str, at: float, **result: Any) -> None:
    state.update(status=status, milliseconds=round((at - state["entered"]) * 1000), **result)


def _read_details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = event["type"]
    return event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})


def _parse_message(cause: str | None) -> str | None:
    """Returns the message of a Lambda function's error, which is JSON with a stack trace in it."""
    try:
        return str(json.loads(cause or "")["errorMessage"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return cause


def _replace_picture(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: f"({len(inner):,} characters of base64)"
            if name == IMAGE_FIELD and isinstance(inner, str) and inner
            else _replace_picture(inner)
            for name, inner in value.items()
        }
    return [_replace_picture(inner) for inner in value] if isinstance(value, list) else value
