"""The results of a Map Run are written, or handed on, as its ResultWriter says."""

import json
from typing import Any

import pytest
from ministack.services import stepfunctions

from local.step_functions.distributed_map import results
from tests.local.cloud_process import Cloud
from tests.local.step_functions.distributed_map.maps import (
    await_end,
    failing,
    find_run,
    list_children,
    make_bucket,
    map_state,
    may_write,
    output_of,
    run,
    select,
    write_to,
)
from tests.local.step_functions.test_redrive import redrive

SUCCEEDED = {
    "executionArn": "arn:child",
    "input": '{"a": 1}',
    "name": "child",
    "output": "[1, [2]]",
    "startDate": "2026-11-27T00:00:00.000Z",
    "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:none/Each",
    "status": "SUCCEEDED",
    "stopDate": "2026-11-27T00:00:01.000Z",
    "mapRunArn": "arn:run",
}


def test_an_execution_is_told_with_its_input_and_output_as_text() -> None:
    assert results.transform(SUCCEEDED, "NONE") == [
        {
            "ExecutionArn": "arn:child",
            "Input": '{"a": 1}',
            "InputDetails": {"Included": True},
            "Name": "child",
            "Output": "[1, [2]]",
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "2026-11-27T00:00:00.000Z",
            "StateMachineArn": SUCCEEDED["stateMachineArn"],
            "Status": "SUCCEEDED",
            "StopDate": "2026-11-27T00:00:01.000Z",
        }
    ]


@pytest.mark.parametrize(
    ("transformation", "output", "result"),
    [
        ("COMPACT", "[1, [2]]", [[1, [2]]]),
        ("FLATTEN", "[1, [2]]", [1, [2]]),
        ("FLATTEN", '{"a": []}', [{"a": []}]),
    ],
)
def test_outputs_are_joined_or_not(transformation: str, output: str, result: list[Any]) -> None:
    assert results.transform({**SUCCEEDED, "output": output}, transformation) == result


def test_a_result_too_big_for_the_state_is_not_put_together() -> None:
    children = iter([{**SUCCEEDED, "output": f'"{"a" * 100_000}"'}] * 4)
    with pytest.raises(stepfunctions._ExecutionError, match=r"States\.DataLimitExceeded"):
        results.gather(children, "COMPACT")
    # The last one was not asked for.
    assert len(list(children)) == 1


def test_results_are_written_as_lines(cloud: Cloud) -> None:
    bucket = make_bucket(cloud)
    config = {"Transformation": "FLATTEN", "OutputType": "JSONL"}
    state = failing(ResultWriter=write_to(bucket, WriterConfig=config), ToleratedFailureCount=1)
    ended = run(cloud, state, [[1, "é"], "bad", 2], may_write(bucket))
    details = output_of(ended)["ResultWriterDetails"]
    folder = details["Key"].removesuffix("manifest.json")
    listed = cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    names = [each["Key"].removeprefix(folder) for each in listed]
    assert names == ["FAILED_0.jsonl", "SUCCEEDED_0.jsonl", "manifest.json"]
    lines = cloud.client("s3").get_object(Bucket=bucket, Key=f"{folder}SUCCEEDED_0.jsonl")["Body"].read()
    assert sorted(lines.decode().splitlines()) == ['"é"', "1", "2"]


class Store:
    """What is written, by its key."""

    def __init__(self) -> None:
        self.written: dict[str, bytes] = {}

    def put_object(self, _bucket: str, key: str, body: bytes) -> None:
        self.written[key] = body


def test_a_file_is_written_once_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FILE_BYTES", 1000)
    store = Store()
    counts = {"itemCounts": {"resultsWritten": 0}, "executionCounts": {"resultsWritten": 0}}
    map_run = results.MapRun({"mapRunArn": "arn:run", "redriveCount": 0, **counts})
    fields = results.Fields({"ResultWriter": write_to("bucket")}, {}, {"QueryLanguage": "JSONata"}, 2)
    writer = results.ResultWriter(fields, map_run, store)  # type: ignore[arg-type]
    for index in range(5):
        writer.add(index, 3, SUCCEEDED)
    assert counts["itemCounts"]["resultsWritten"] == 3 * counts["executionCounts"]["resultsWritten"] == 12
    writer.finish()
    names = [*(f"SUCCEEDED_{number}.json" for number in range(3)), "manifest.json"]
    assert list(store.written) == [f"results/run/{name}" for name in names]
    assert max(map(len, store.written.values())) <= 1000
    assert counts["executionCounts"]["resultsWritten"] == 5
    assert map_run.record["_written"] == [0, 1, 2, 3, 4]


def test_nothing_runs_whose_results_may_not_be_written_and_a_redrive_begins_anew(cloud: Cloud) -> None:
    bucket = make_bucket(cloud)
    state = map_state(ResultWriter=write_to(bucket))
    ended = run(cloud, state, [1])
    assert ended["error"] == "States.ResultWriterFailed"
    assert "is not authorized to perform: s3:PutObject" in ended["cause"]
    described = find_run(cloud, ended["executionArn"])
    assert (described["status"], select(described["executionCounts"])) == ("FAILED", {})
    assert list_children(cloud, described["mapRunArn"]) == []
    api = cloud.client("stepfunctions")
    role = api.describe_state_machine(stateMachineArn=ended["stateMachineArn"])["roleArn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may_write(bucket)]})
    cloud.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="writes", PolicyDocument=policy
    )
    redrive(cloud, ended["executionArn"])
    assert output_of(await_end(cloud, ended["executionArn"]))["ResultWriterDetails"]["Bucket"] == bucket


def test_a_bucket_that_there_is_not_fails_the_map_run(cloud: Cloud) -> None:
    ended = run(cloud, map_state(ResultWriter=write_to("no-such-bucket-anywhere")), [1])
    assert ended["error"] == "States.ResultWriterFailed"
    assert "Error Code: NoSuchBucket" in ended["cause"]
