"""Batches as command and page see them: listed, started, followed, cancelled and redriven."""

import json

import pytest

from console.batches import runs
from console.batches.sources import Source
from evaluation.deployment import Deployment, NotDeployed
from tests.console.batches.batch_machine import BUCKET, BatchMachine, make_summary

BATCH = "photos-0a1b2c3d"
SOURCE = Source(BATCH, "s3://scones-bucket/photos", BUCKET, "photos/")


def test_a_run_is_started_on_what_the_state_machine_reads(
    deployment: Deployment, machine: BatchMachine
) -> None:
    assert runs.start(deployment, SOURCE)
    described = runs.describe(deployment, BATCH)
    assert (described["id"], described["state"], described["source"]) == (BATCH, "running", SOURCE.named)
    given = {"batch": BATCH, "bucket": BUCKET, "prefix": "photos/", "source": SOURCE.named}
    assert json.loads(machine.runs[0]["input"]) == given
    machine.end(machine.runs[0]["executionArn"], "ABORTED")
    runs.start(deployment, SOURCE, max_concurrency=7)
    assert json.loads(machine.runs[1]["input"]) == {**given, "max_concurrency": 7}


def test_a_batch_that_runs_is_not_started_a_second_time(
    deployment: Deployment, machine: BatchMachine
) -> None:
    assert runs.start(deployment, SOURCE)
    assert not runs.start(deployment, SOURCE)
    other = Source("others-0a1b2c3d", "s3://scones-bucket/others", BUCKET, "others/")
    assert runs.start(deployment, other)
    assert len(machine.runs) == 2


def test_the_batches_that_run_are_counted(deployment: Deployment, machine: BatchMachine) -> None:
    machine.end(machine.begin(f"{BATCH}-20260131T120000Z"), "FAILED")
    assert runs.count_running(deployment) == 0
    machine.begin(f"{BATCH}-20260131T130000Z")
    machine.begin("others-0a1b2c3d-20260131T120000Z")
    machine.begin("by-hand")
    assert runs.count_running(deployment) == 2


def test_progress_is_that_of_the_map_run(deployment: Deployment, machine: BatchMachine) -> None:
    arn = machine.begin(f"{BATCH}-20260131T120000Z")
    assert runs.describe(deployment, BATCH)["progress"] is None
    machine.count(arn, total=100, succeeded=40, failed=2, timedOut=1, running=50, pending=7)
    progress = runs.describe(deployment, BATCH)["progress"]
    assert progress == {"total": 100, "done": 40, "failed": 3, "running": 50, "waiting": 7}


def test_what_a_cancelled_batch_did_not_come_to_waits_and_is_counted_anew_while_that_settles(
    deployment: Deployment, machine: BatchMachine
) -> None:
    arn = machine.begin(f"{BATCH}-20260131T120000Z")
    machine.count(arn, total=49, running=49)
    runs.cancel(deployment, BATCH)
    assert runs.describe(deployment, BATCH)["progress"]["running"] == 49
    machine.count(arn, total=49, succeeded=9, failed=2, aborted=38)
    progress = runs.describe(deployment, BATCH)["progress"]
    assert progress == {"total": 49, "done": 9, "failed": 2, "running": 0, "waiting": 38}


def test_each_batch_is_listed_once_by_its_last_run_and_one_that_has_ended_is_asked_about_once(
    deployment: Deployment, machine: BatchMachine
) -> None:
    machine.end(machine.begin(f"{BATCH}-20260130T120000Z"), "FAILED", error="States.ItemReaderFailed")
    machine.end(machine.begin(f"{BATCH}-20260131T120000Z"), "SUCCEEDED", make_summary())
    machine.begin("others-0a1b2c3d-20260131T130000Z")
    machine.begin("by-hand")
    first, second = runs.list_batches(deployment)
    assert (first["id"], first["state"], first["summary"]) == ("others-0a1b2c3d", "running", None)
    assert (second["id"], second["state"], second["progress"]) == (BATCH, "done", None)
    assert second["summary"]["routed"] == {"bicycle": 6, "motorcycle": 2}
    asked = machine.count_asked("DescribeExecution")
    runs.list_batches(deployment)
    assert machine.count_asked("DescribeExecution") == asked + 1


@pytest.mark.parametrize("document", ["[]", '"text"', "{}"])
def test_a_run_that_somebody_has_started_by_hand_on_anything_breaks_no_list(
    deployment: Deployment, machine: BatchMachine, document: str
) -> None:
    machine.begin(f"{BATCH}-20260131T120000Z", document)
    (line,) = runs.list_batches(deployment)
    assert (line["id"], line["source"], line["bucket"]) == (BATCH, None, None)


def test_a_summary_of_another_run_is_not_taken_for_this_one_s(
    deployment: Deployment, machine: BatchMachine
) -> None:
    machine.end(machine.begin(f"{BATCH}-20260131T120000Z"), "SUCCEEDED", make_summary())
    later = machine.begin(f"{BATCH}-20260131T130000Z")
    assert runs.describe(deployment, BATCH)["summary"] is None
    machine.end(later, "SUCCEEDED")
    described = runs.describe(deployment, BATCH)
    assert (described["state"], described["summary"], described["redrivable"]) == ("done", None, False)


def test_a_batch_that_runs_is_cancelled_and_no_other(deployment: Deployment, machine: BatchMachine) -> None:
    machine.begin(f"{BATCH}-20260131T120000Z")
    runs.cancel(deployment, BATCH)
    described = runs.describe(deployment, BATCH)
    assert (described["state"], described["error"], described["redrivable"]) == (
        "cancelled",
        "Cancelled",
        True,
    )
    with pytest.raises(runs.NotPossible, match="does not run: it is cancelled"):
        runs.cancel(deployment, BATCH)


def test_what_failed_is_redriven_while_step_functions_can_and_otherwise_run_anew(
    deployment: Deployment, machine: BatchMachine
) -> None:
    arn = machine.begin(f"{BATCH}-20260131T120000Z")
    with pytest.raises(runs.NotPossible, match="is running"):
        runs.redrive(deployment, BATCH)
    machine.end(arn, "FAILED", redriveStatus="REDRIVABLE")
    runs.redrive(deployment, BATCH)
    assert [run["status"] for run in machine.runs] == ["RUNNING"]
    # Too long ago, or too often.
    machine.end(arn, "FAILED", redriveStatus="NOT_REDRIVABLE")
    runs.redrive(deployment, BATCH)
    assert [run["status"] for run in machine.runs] == ["FAILED", "RUNNING"]
    assert machine.runs[1]["input"] == machine.runs[0]["input"]


def test_of_a_batch_that_is_done_only_photos_that_failed_are_asked_for_again(
    deployment: Deployment, machine: BatchMachine
) -> None:
    machine.end(machine.begin(f"{BATCH}-20260130T120000Z"), "SUCCEEDED", make_summary())
    with pytest.raises(runs.NotPossible, match="no photo that failed"):
        runs.redrive(deployment, BATCH)
    failed = make_summary(failed={"InvalidImage": 1})
    machine.end(machine.begin(f"{BATCH}-20260131T120000Z"), "SUCCEEDED", failed)
    assert not runs.describe(deployment, BATCH)["redrivable"]
    runs.redrive(deployment, BATCH)
    assert len(machine.runs) == 3


@pytest.mark.parametrize(
    ("errors", "redrivable"),
    [
        (["InvalidImage", "ImageTooLarge", "ModelError"], False),
        (["InvalidImage", "EndpointUnavailable"], True),
        *(([error], True) for error in ("StorageUnavailable", "OutcomesUnavailable", "States.Timeout")),
        *(([error], True) for error in ("Lambda.Unknown", "ImageNotFound", "ImageArchived")),
        (["ImageAccessDenied"], True),
    ],
)
def test_asking_again_is_advised_where_it_may_mend_something(
    deployment: Deployment, machine: BatchMachine, errors: list[str], redrivable: bool
) -> None:
    summary = make_summary(failed=dict.fromkeys(errors, 1))
    machine.end(machine.begin(f"{BATCH}-20260131T120000Z"), "SUCCEEDED", summary)
    assert runs.describe(deployment, BATCH)["redrivable"] is redrivable


@pytest.mark.usefixtures("machine")
def test_a_batch_that_there_is_not_is_named(deployment: Deployment) -> None:
    for act in (runs.describe, runs.cancel, runs.redrive):
        with pytest.raises(runs.NoBatch, match="There is no batch photos-0a1b2c3d"):
            act(deployment, BATCH)
    with pytest.raises(runs.NoBatch, match=r"has no routes\.csv"):
        runs.read_file(deployment, BATCH, "routes.csv")


def test_an_older_deployment_says_what_adds_batches(deployment: Deployment) -> None:
    deployment.client("ssm").delete_parameter(Name="/scones/batch-machine")
    with pytest.raises(NotDeployed, match="'scones' has no batches yet: make deploy adds them"):
        runs.list_batches(deployment)
