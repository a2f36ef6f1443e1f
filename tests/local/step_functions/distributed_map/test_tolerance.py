"""A Map Run tolerates as many failed items as its state says, and ends early where more fail."""

from typing import Any

import pytest
from ministack.services import stepfunctions

from local.step_functions.distributed_map.fields import Fields
from local.step_functions.distributed_map.map_runs import MapRun
from tests.local.cloud_process import Cloud
from tests.local.step_functions.distributed_map.maps import (
    CHOOSE,
    FAIL,
    WAIT,
    failing,
    find_run,
    list_children,
    make_bucket,
    map_state,
    may_write,
    output_of,
    process,
    read_json,
    run,
    select,
    write_to,
)
from tests.local.step_functions.test_history import history, told


@pytest.mark.parametrize(
    ("settings", "failed", "exceeds"),
    [
        ({}, 0, False),
        ({}, 1, True),
        ({"toleratedFailureCount": 1}, 1, False),
        ({"toleratedFailureCount": 1}, 2, True),
        ({"toleratedFailurePercentage": 25}, 1, False),
        ({"toleratedFailurePercentage": 24.9}, 1, True),
        ({"toleratedFailurePercentage": 100}, 4, False),
        # Either threshold is enough.
        ({"toleratedFailurePercentage": 100, "toleratedFailureCount": 0}, 1, True),
    ],
)
def test_it_fails_where_more_items_fail_or_time_out_than_are_tolerated(
    settings: dict[str, float], failed: int, exceeds: bool
) -> None:
    counts = {"failed": failed // 2, "timedOut": failed - failed // 2, "aborted": 4 - failed, "total": 4}
    defaults = {"toleratedFailureCount": 0, "toleratedFailurePercentage": 0}
    run = MapRun({**defaults, **settings, "itemCounts": counts, "_tolerated": list(settings)})
    assert run.exceeds_tolerance() == exceeds


def test_a_batch_that_fails_counts_as_the_items_that_it_has(cloud: Cloud) -> None:
    state = failing(
        ItemBatcher={"MaxItemsPerBatch": 2}, ToleratedFailureCount="{% $count($states.input) - 3 %}"
    )
    ended = run(cloud, state, ["a", "bad", "c", "d"])
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    assert ended["cause"] == "The specified tolerated failure threshold was exceeded"
    described = find_run(cloud, ended["executionArn"])
    assert (described["status"], described["toleratedFailureCount"]) == ("FAILED", 1)
    assert described["itemCounts"]["failed"] == 2 * described["executionCounts"]["failed"] == 2


def test_a_failure_that_is_tolerated_stays_in_the_result_with_all_that_is_known_of_it(cloud: Cloud) -> None:
    ended = run(cloud, failing(ToleratedFailureCount=1), ["a", "bad", "c"])
    first, failed, last = output_of(ended)
    assert (first, last) == ("a", "c")
    told_of_it = {name: failed[name] for name in ("Status", "Error", "Cause", "Input", "RedriveStatus")}
    assert told_of_it == {
        "Status": "FAILED",
        "Error": "Bad",
        "Cause": "it was bad",
        "Input": '"bad"',
        "RedriveStatus": "REDRIVABLE_BY_MAP_RUN",
    }
    described = find_run(cloud, ended["executionArn"])
    counts = {"succeeded": 2, "failed": 1, "total": 3, "resultsWritten": 3}
    assert select(described["itemCounts"]) == select(described["executionCounts"]) == counts


def test_it_ends_early_and_says_what_ran_and_what_did_not(cloud: Cloud) -> None:
    choices = [*CHOOSE["Choices"], {"Condition": "{% $states.input = 'slow' %}", "Next": "Wait"}]
    processor = process("Choose", Choose={**CHOOSE, "Choices": choices}, Fail=FAIL, Wait=WAIT)
    bucket = make_bucket(cloud)
    state = map_state(processor, MaxConcurrency=2, ResultWriter=write_to(bucket))
    ended = run(cloud, state, ["slow", "bad", "late", "later"], may_write(bucket))
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    described = find_run(cloud, ended["executionArn"])
    assert described["status"] == "FAILED"
    counts = {"aborted": 1, "failed": 1, "pending": 2, "total": 4, "resultsWritten": 4}
    assert select(described["executionCounts"]) == counts
    map_run = described["mapRunArn"]
    assert sorted(child["status"] for child in list_children(cloud, map_run)) == ["ABORTED", "FAILED"]
    folder = f"results/{map_run.rpartition(':')[2]}"
    files = read_json(cloud, bucket, f"{folder}/manifest.json")["ResultFiles"]
    assert files["SUCCEEDED"] == []
    failed = read_json(cloud, bucket, files["FAILED"][0]["Key"])
    assert sorted((record["Input"], record["Status"]) for record in failed) == [
        ('"bad"', "FAILED"),
        ('"slow"', "ABORTED"),
    ]
    assert files["PENDING"][0]["Key"] == f"{folder}/PENDING_0.json"
    assert read_json(cloud, bucket, f"{folder}/PENDING_0.json") == [
        {"Input": f'"{item}"', "InputDetails": {"Included": True}, "Status": "PENDING"}
        for item in ("late", "later")
    ]
    events = history(cloud, ended)
    assert told(events)[3:] == [
        (3, "MapRunStarted"),
        (4, "MapRunFailed"),
        (5, "MapStateFailed"),
        (6, "ExecutionFailed"),
    ]
    assert events[4]["mapRunFailedEventDetails"] == {"error": ended["error"], "cause": ended["cause"]}


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("Most", "a", 'The MostPath field refers to value "a" which is not a valid integer: $.value'),
        ("Most", {}, 'The MostPath field refers to value "{}" which is not a valid integer: $.value'),
        ("Most", True, 'The MostPath field refers to value "true" which is not a valid integer: $.value'),
        ("Most", -1, "Most cannot be negative."),
        ("Share", 100.1, "Share must be between 0 and 100."),
        ("Share", -1, "Share must be between 0 and 100."),
    ],
)
def test_a_setting_is_refused_that_is_none(field: str, value: Any, cause: str) -> None:
    fields = Fields({f"{field}Path": "$.value"}, {"value": value}, {"State": {"Name": "Map"}}, 2)
    with pytest.raises(stepfunctions._ExecutionError) as caught:
        fields.find_integer(field) if field == "Most" else fields.find_number(field, most=100)
    place = "An error occurred while executing the state 'Map' (entered at the event id #2). "
    assert (caught.value.error, caught.value.cause) == ("States.Runtime", place + cause)


def test_a_setting_that_is_none_ends_the_execution_before_its_map_run(cloud: Cloud) -> None:
    state = map_state(ItemsPath="$.items", ToleratedFailurePercentagePath="$.most")
    ended = run(cloud, state, {"items": [0], "most": 101}, language="JSONPath")
    assert ended["error"] == "States.Runtime"
    assert told(history(cloud, ended))[2:] == [(2, "MapStateStarted"), (3, "ExecutionFailed")]
