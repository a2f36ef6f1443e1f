"""An execution's states, read from its history, and the graph, read from the state machine's definition."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from console.executions.states import parse_graph, parse_states, shorten_document

START = datetime(2026, 1, 1, tzinfo=UTC)


def history(*events: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns events 100 ms apart, each with its details where GetExecutionHistory puts them."""
    made = []
    for number, (kind, details) in enumerate(events):
        group = next((g for g in ("StateEntered", "StateExited") if kind.endswith(g)), kind)
        made.append(
            {
                "id": number,
                "type": kind,
                "timestamp": START + timedelta(milliseconds=100 * number),
                f"{group[0].lower()}{group[1:]}EventDetails": details,
            }
        )
    return made


BEGUN = (
    ("ExecutionStarted", {"input": "{}"}),
    ("TaskStateEntered", {"name": "Serialize", "input": '{"s3_key": "a"}'}),
    ("TaskScheduled", {"resource": "invoke"}),
    ("TaskStarted", {"resource": "invoke"}),
)
REFUSED = ("TaskFailed", {"error": "ImageNotFound", "cause": '{"errorMessage": "no a", "stackTrace": []}'})


def test_a_state_that_goes_well_has_its_time_input_and_output() -> None:
    (state,) = parse_states(
        history(*BEGUN, ("TaskSucceeded", {}), ("TaskStateExited", {"output": '{"b": 1}'}))
    )
    assert state == {
        "name": "Serialize",
        "kind": "Task",
        "status": "succeeded",
        "entered": START.timestamp() + 0.1,
        "milliseconds": 400,
        "input": {"s3_key": "a"},
        "output": {"b": 1},
        "error": None,
        "cause": None,
        "attempts": [
            {
                "started": START.timestamp() + 0.2,
                "waited": None,
                "milliseconds": 200,
                "error": None,
                "cause": None,
            }
        ],
        "events": {"input": 1, "output": 5},
    }


def test_a_state_that_has_not_been_left_is_running() -> None:
    (state,) = parse_states(history(*BEGUN))
    assert (state["status"], state["milliseconds"], state["output"]) == ("running", None, None)


def test_an_error_that_leads_to_a_fail_state_is_caught_and_its_message_plain() -> None:
    serialize, ending = parse_states(
        history(
            *BEGUN,
            REFUSED,
            ("TaskStateExited", {"output": "{}"}),
            ("FailStateEntered", {"name": "Photo not found", "input": "{}"}),
            ("ExecutionFailed", {"error": "ImageNotFound", "cause": "no a"}),
        )
    )
    assert (serialize["status"], serialize["error"], serialize["cause"]) == (
        "caught",
        "ImageNotFound",
        "no a",
    )
    assert (ending["status"], ending["error"], ending["cause"]) == ("failed", "ImageNotFound", "no a")
    assert (ending["kind"], ending["attempts"]) == ("Fail", [])


def test_states_that_keep_tell_and_choose_have_their_time_too() -> None:
    states = parse_states(
        history(
            ("TaskStateEntered", {"name": "Keep the refusal", "input": "{}"}),
            ("TaskScheduled", {"resourceType": "dynamodb", "resource": "putItem"}),
            ("TaskStarted", {"resourceType": "dynamodb"}),
            ("TaskSucceeded", {"resourceType": "dynamodb"}),
            ("TaskStateExited", {"output": "{}"}),
            ("TaskStateEntered", {"name": "Tell the refusal", "input": "{}"}),
            ("TaskScheduled", {"resourceType": "events", "resource": "putEvents"}),
            ("TaskSubmitFailed", {"error": "EventBridge.ThrottlingException", "cause": "slow down"}),
            ("TaskScheduled", {"resourceType": "events", "resource": "putEvents"}),
            ("TaskSucceeded", {"resourceType": "events"}),
            ("TaskStateExited", {"output": "{}"}),
            ("ChoiceStateEntered", {"name": "Which failure?", "input": "{}"}),
            ("ChoiceStateExited", {"output": "{}"}),
        )
    )
    assert [
        (state["name"], state["status"], state["milliseconds"], len(state["attempts"])) for state in states
    ] == [
        ("Keep the refusal", "succeeded", 400, 1),
        ("Tell the refusal", "succeeded", 500, 2),
        ("Which failure?", "succeeded", 100, 0),
    ]


def test_each_attempt_has_its_error_in_full_and_how_long_was_waited_for_it() -> None:
    cause = '{"errorMessage": "try again", "stackTrace": ["line 7"]}'
    (state,) = parse_states(
        history(
            *BEGUN,
            ("TaskFailed", {"error": "StorageUnavailable", "cause": cause}),
            ("TaskScheduled", {}),
            ("TaskSucceeded", {}),
            ("TaskStateExited", {"output": "{}"}),
        )
    )
    assert (state["status"], state["error"]) == ("succeeded", None)
    first, second = state["attempts"]
    assert (first["waited"], first["milliseconds"], first["error"]) == (None, 200, "StorageUnavailable")
    assert first["cause"] == cause
    assert (second["waited"], second["milliseconds"], second["error"]) == (100, 100, None)


def test_a_state_that_a_redrive_opens_again_runs_again() -> None:
    failed = (*BEGUN, ("TaskFailed", {"error": "Busy"}), ("ExecutionFailed", {"error": "Busy"}))
    assert parse_states(history(*failed))[0]["status"] == "failed"
    (state,) = parse_states(history(*failed, ("ExecutionRedriven", {}), ("TaskScheduled", {})))
    assert (state["status"], state["error"], len(state["attempts"])) == ("running", None, 2)


def test_what_fails_before_it_is_attempted_has_an_error_and_no_attempt() -> None:
    (state,) = parse_states(
        history(
            ("TaskStateEntered", {"name": "Keep", "input": "{}"}),
            ("EvaluationFailed", {"error": "States.QueryEvaluationError", "cause": "no such field"}),
            ("ExecutionFailed", {"error": "States.QueryEvaluationError"}),
        )
    )
    assert (state["status"], state["error"], state["attempts"]) == (
        "failed",
        "States.QueryEvaluationError",
        [],
    )


def test_an_execution_that_is_stopped_stops_its_state() -> None:
    (aborted,) = parse_states(history(*BEGUN, ("ExecutionAborted", {"error": "Stopped", "cause": "by hand"})))
    assert (aborted["status"], aborted["cause"]) == ("aborted", "by hand")
    (late,) = parse_states(history(*BEGUN, ("ExecutionTimedOut", {})))
    assert late["status"] == "timed out"


def test_the_picture_is_not_carried_along_wherever_it_lies() -> None:
    document = {"image_data": "A" * 1234, "body": [{"image_data": "B"}], "other": ""}
    assert shorten_document(json.dumps(document)) == {
        "image_data": "(1,234 characters of base64)",
        "body": [{"image_data": "(1 characters of base64)"}],
        "other": "",
    }


PICTURE = "QUJD" * 50
DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text() | st.just({"image_data": PICTURE}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(deadline=None)
@given(DOCUMENTS)
def test_no_picture_is_left_in_any_document(document: Any) -> None:
    text = json.dumps(document)
    shortened = json.dumps(shorten_document(text))
    assert PICTURE not in shortened
    assert shortened.count("(200 characters of base64)") == text.count(PICTURE)


@settings(deadline=None)
@given(st.text())
def test_text_that_is_no_json_stays_as_it_is(text: str) -> None:
    assert shorten_document(f"no JSON: {text}") == f"no JSON: {text}"


def test_the_graph_has_every_way_once_and_begins_with_the_first_state() -> None:
    definition = {
        "StartAt": "B",
        "States": {
            "A": {"Type": "Choice", "Choices": [{"Next": "End"}, {"Next": "End"}], "Default": "B"},
            "B": {"Type": "Task", "Next": "A", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}]},
            "End": {"Type": "Fail"},
            "C": {"Type": "Succeed"},
            "D": {"Type": "Pass", "End": True},
        },
    }
    assert parse_graph(json.dumps(definition)) == {
        "nodes": ["B", "A", "End", "C", "D"],
        "edges": [["A", "End"], ["A", "B"], ["B", "A"], ["B", "End"]],
        "successes": ["C", "D"],
    }
