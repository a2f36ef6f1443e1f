"""A redrive of an execution runs again what of its Map Run has not succeeded, and nothing else."""

import json
from typing import Any

from tests.local.cloud_process import Cloud, eventually
from tests.local.step_functions.distributed_map.maps import (
    WAIT,
    await_end,
    await_run,
    find_run,
    list_children,
    make_bucket,
    map_state,
    may_write,
    output_of,
    process,
    read_json,
    select,
    start,
    write_to,
)
from tests.local.step_functions.test_history import history, told
from tests.local.step_functions.test_redrive import ALLOWED, a_name, read, redrive, refuse, write


def reading(**fields: Any) -> dict[str, Any]:
    """A Map state that reads the parameter that each item names."""
    state = read("{% $states.input %}")
    return map_state(process("Read", Read=state), **fields)


def test_what_failed_and_what_was_not_started_runs_again_and_successes_stay(cloud: Cloud) -> None:
    there, missing, late = a_name(), a_name(), a_name()
    write(cloud, there)
    bucket = make_bucket(cloud)
    state = reading(MaxConcurrency=1, ResultWriter=write_to(bucket))
    arn = start(cloud, state, [there, missing, late], ALLOWED, may_write(bucket))
    assert await_end(cloud, arn)["error"] == "States.ExceedToleratedFailureThreshold"
    first = find_run(cloud, arn)
    assert select(first["executionCounts"]) == {
        "succeeded": 1,
        "failed": 1,
        "pending": 1,
        "total": 3,
        "resultsWritten": 3,
    }
    before = {child["name"]: child for child in list_children(cloud, first["mapRunArn"])}

    write(cloud, missing)
    write(cloud, late)
    redrive(cloud, arn)
    output = output_of(await_end(cloud, arn))
    second = find_run(cloud, arn)
    assert second["mapRunArn"] == first["mapRunArn"]
    assert (second["status"], second["redriveCount"]) == ("SUCCEEDED", 1)
    assert second["redriveDate"] > first["startDate"]
    assert select(second["itemCounts"]) == {"succeeded": 3, "total": 3, "resultsWritten": 3}
    after = {child["name"]: child for child in list_children(cloud, first["mapRunArn"])}
    assert before.keys() < after.keys()
    assert sorted(child["redriveCount"] for child in after.values()) == [0, 0, 1]
    [redriven] = list_children(cloud, first["mapRunArn"], redriveFilter="REDRIVEN")
    assert before[redriven["name"]]["status"] == "FAILED"
    assert told(history(cloud, redriven)) == [
        (0, "ExecutionStarted"),
        (0, "TaskStateEntered"),
        (2, "TaskScheduled"),
        (3, "TaskStarted"),
        (4, "TaskFailed"),
        (5, "ExecutionFailed"),
        (6, "ExecutionRedriven"),
        (7, "TaskScheduled"),
        (8, "TaskStarted"),
        (9, "TaskSucceeded"),
        (10, "TaskStateExited"),
        (11, "ExecutionSucceeded"),
    ]
    events = history(cloud, {"executionArn": arn})
    assert told(events)[3:] == [
        (3, "MapRunStarted"),
        (4, "MapRunFailed"),
        (5, "MapStateFailed"),
        (6, "ExecutionFailed"),
        (7, "ExecutionRedriven"),
        (8, "MapRunRedriven"),
        (9, "MapRunSucceeded"),
        (10, "MapStateSucceeded"),
        (10, "MapStateExited"),
        (12, "ExecutionSucceeded"),
    ]
    assert events[8]["mapRunRedrivenEventDetails"] == {"mapRunArn": first["mapRunArn"], "redriveCount": 1}

    folder = f"results/{first['mapRunArn'].rpartition(':')[2]}"
    assert output["ResultWriterDetails"]["Key"] == f"{folder}/Redrive-1/manifest.json"
    files = read_json(cloud, bucket, output["ResultWriterDetails"]["Key"])["ResultFiles"]
    # Successes of all attempts, failures of this one.
    keys = [f"{folder}/SUCCEEDED_0.json", f"{folder}/Redrive-1/SUCCEEDED_0.json"]
    assert [file["Key"] for file in files["SUCCEEDED"]] == keys
    assert (files["FAILED"], files["PENDING"]) == ([], [])
    inputs = [[json.loads(record["Input"]) for record in read_json(cloud, bucket, key)] for key in keys]
    assert (inputs[0], sorted(inputs[1])) == ([there], sorted([missing, late]))


def test_the_result_has_the_successes_of_all_attempts_in_the_order_of_the_items(cloud: Cloud) -> None:
    names = [a_name() for _ in range(3)]
    write(cloud, names[0], "first")
    write(cloud, names[2], "third")
    arn = start(cloud, reading(MaxConcurrency=1), names, ALLOWED)
    assert await_end(cloud, arn)["status"] == "FAILED"
    write(cloud, names[1], "second")
    redrive(cloud, arn)
    assert output_of(await_end(cloud, arn)) == ["first", "second", "third"]


def test_a_stopped_execution_aborts_its_map_run_and_a_redrive_goes_on_with_it(cloud: Cloud) -> None:
    # A Wait state that is redriven waits again: two are in it, the last one has not been started.
    arn = start(cloud, map_state(process("Wait", Wait=WAIT), MaxConcurrency=2), [1, 2, 3])
    running = await_run(cloud, arn, running=2, pending=1)
    api = cloud.client("stepfunctions")
    api.stop_execution(executionArn=arn, error="Enough", cause="no more")
    aborted = await_run(cloud, arn, aborted=2, pending=1)
    eventually(lambda: find_run(cloud, arn)["status"] == "ABORTED")
    events = history(cloud, {"executionArn": arn})
    assert told(events)[3:] == [(3, "MapRunStarted"), (4, "MapRunAborted"), (0, "ExecutionAborted")]
    children = list_children(cloud, aborted["mapRunArn"], statusFilter="ABORTED")
    assert len(children) == 2
    assert told(history(cloud, children[0]))[-1] == (0, "ExecutionAborted")

    redrive(cloud, arn)
    again = await_run(cloud, arn, running=2, pending=1)
    assert (again["status"], again["mapRunArn"]) == ("RUNNING", running["mapRunArn"])
    assert "stopDate" not in again
    api.stop_execution(executionArn=arn)
    eventually(lambda: find_run(cloud, arn)["status"] == "ABORTED")


def test_what_waits_for_a_redrive_is_told_so_and_is_what_it_was_when_that_is_stopped(cloud: Cloud) -> None:
    arn = start(cloud, map_state(process("Wait", Wait=WAIT), MaxConcurrency=2), [1, 2])
    map_run = await_run(cloud, arn, running=2)["mapRunArn"]
    api = cloud.client("stepfunctions")
    api.stop_execution(executionArn=arn)
    await_run(cloud, arn, aborted=2)
    eventually(lambda: find_run(cloud, arn)["status"] == "ABORTED")
    api.update_map_run(mapRunArn=map_run, maxConcurrency=1)
    redrive(cloud, arn)
    await_run(cloud, arn, running=1, pendingRedrive=1)
    [pending] = list_children(cloud, map_run, statusFilter="PENDING_REDRIVE")
    described = api.describe_execution(executionArn=pending["executionArn"])
    assert described["status"] == "PENDING_REDRIVE"
    api.stop_execution(executionArn=arn)
    await_run(cloud, arn, aborted=2, pendingRedrive=0)
    assert len(list_children(cloud, map_run, statusFilter="ABORTED")) == 2


def test_an_execution_of_a_map_run_is_redriven_by_its_parent_alone(cloud: Cloud) -> None:
    arn = start(cloud, reading(), [a_name()], ALLOWED)
    await_end(cloud, arn)
    [child] = list_children(cloud, find_run(cloud, arn)["mapRunArn"])
    described = cloud.client("stepfunctions").describe_execution(executionArn=child["executionArn"])
    assert described["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    code, _ = refuse(lambda: redrive(cloud, child["executionArn"]))
    assert code == "ExecutionNotRedrivable"


def test_a_state_that_fails_after_its_map_run_begins_another_one(cloud: Cloud) -> None:
    missing = "{% $states.context.Execution.RedriveCount = 0 ? $states.result.none : $states.result %}"
    arn = start(cloud, map_state(Output=missing), [1, 2])
    assert await_end(cloud, arn)["error"] == "States.QueryEvaluationError"
    redrive(cloud, arn)
    assert output_of(await_end(cloud, arn)) == [1, 2]
    assert len(cloud.client("stepfunctions").list_map_runs(executionArn=arn)["mapRuns"]) == 2


def test_express_executions_run_again_from_their_first_state(cloud: Cloud) -> None:
    name = a_name()
    processor = process("Read", "EXPRESS", Read=read("{% $states.input %}", Next="Keep"))
    processor["States"]["Read"].pop("End")
    arn = start(cloud, map_state(processor), [name], ALLOWED)
    await_end(cloud, arn)
    map_run = find_run(cloud, arn)["mapRunArn"]
    [child] = list_children(cloud, map_run)
    assert (child["status"], child["executionArn"].split(":")[5]) == ("FAILED", "express")
    write(cloud, name)
    redrive(cloud, arn)
    assert output_of(await_end(cloud, arn)) == ["there"]
    [again] = list_children(cloud, map_run)
    assert (again["executionArn"], again["status"]) == (child["executionArn"], "SUCCEEDED")
    assert again["redriveCount"] == 0
