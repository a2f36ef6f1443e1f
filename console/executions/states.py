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
        For each its ``name``; ``kind``, as the definition calls it: Task, Choice, Fail, …; ``status``:
        running, succeeded, caught (its error led to another state), failed, aborted or timed out;
        ``entered`` (Unix seconds); ``milliseconds``, None while it runs; ``input`` and ``output`` as
        ``shorten_document`` returns them; ``error`` and ``cause``; ``attempts`` of its task, each with
        ``started`` (Unix seconds), ``waited`` after the one before and ``milliseconds``, None while it runs,
        and its own ``error`` and ``cause``, the whole of it; and in ``events`` the ids of the events that
        have input and output.
    """
    entered: list[dict[str, Any]] = []
    for event in events:
        kind, at = event["type"], event["timestamp"].timestamp()
        if kind.endswith("StateEntered"):
            details = event["stateEnteredEventDetails"]
            state = {
                "name": details["name"],
                "kind": kind.removesuffix("StateEntered"),
                "status": "running",
                "entered": at,
                "input": shorten_document(details.get("input")),
                "attempts": [],
                "events": {"input": event["id"]},
            }
            entered.append({**state, **dict.fromkeys(("milliseconds", "output", "error", "cause"))})
        elif not entered:
            continue
        elif kind.endswith("StateExited"):
            status = "succeeded" if entered[-1]["error"] is None else "caught"
            document = shorten_document(event["stateExitedEventDetails"].get("output"))
            _exit(entered[-1], status, at, output=document)
            entered[-1]["events"]["output"] = event["id"]
        elif kind in ENDS:
            # A Fail state is entered and never exited.
            if entered[-1]["status"] == "running":
                failure = _read_details(event)
                _exit(entered[-1], ENDS[kind], at, error=failure.get("error"), cause=failure.get("cause"))
        elif kind.endswith("Scheduled"):
            _schedule(entered[-1], at)
        elif kind.endswith(("Failed", "TimedOut")):
            failure = _read_details(event)
            error, cause = failure.get("error", kind), failure.get("cause")
            entered[-1].update(error=error, cause=_parse_message(cause))
            _end_attempt(entered[-1], at, error=error, cause=cause)
        elif kind.endswith("Succeeded"):
            _end_attempt(entered[-1], at)
    return entered


def parse_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an event with its ``details`` in one place, whatever its type; times are Unix seconds."""
    return {
        "id": event["id"],
        "previous": event.get("previousEventId"),
        "type": event["type"],
        "time": event["timestamp"].timestamp(),
        "details": _read_details(event),
    }


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


def _schedule(state: dict[str, Any], at: float) -> None:
    """Begins an attempt; one of an execution that was redriven opens a state again that had failed."""
    before = state["attempts"][-1] if state["attempts"] else None
    waited = (
        None if before is None else round((at - before["started"]) * 1000) - (before["milliseconds"] or 0)
    )
    attempt = {"started": at, "waited": waited, "milliseconds": None, "error": None, "cause": None}
    state["attempts"].append(attempt)
    state.update(status="running", milliseconds=None, error=None, cause=None)


def _end_attempt(state: dict[str, Any], at: float, **failure: Any) -> None:
    # A state fails without an attempt, too: where what it would be called with cannot be computed.
    if state["attempts"] and state["attempts"][-1]["milliseconds"] is None:
        attempt = state["attempts"][-1]
        attempt.update(milliseconds=round((at - attempt["started"]) * 1000), **failure)


def _exit(state: dict[str, Any], status: str, at: float, **result: Any) -> None:
    state.update(status=status, milliseconds=round((at - state["entered"]) * 1000), **result)


def _read_details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    # An event has one set of details, whose name need not be its type's: all states are entered alike.
    return next((details for name, details in event.items() if name.endswith("EventDetails")), {})


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
