"""`python -m console batch`: what it uploads, starts, follows and prints, and how it ends."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.commands import batch
from evaluation.deployment import Deployment, EvaluationError
from tests.console.batches.batch_machine import BUCKET, BatchMachine, deployed, empty, make_summary

PREFIX = f"s3://{BUCKET}/photos"


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    with deployed() as deployment:
        yield deployment


@pytest.fixture
def deployment(deployment_of_module: Deployment) -> Deployment:
    """A deployment with a photo under PREFIX."""
    deployment = empty(deployment_of_module)
    deployment.client("s3").put_object(Bucket=BUCKET, Key="photos/one.jpg", Body=b"photo")
    return deployment


@pytest.fixture
def machine(deployment: Deployment) -> Iterator[BatchMachine]:
    """The Step Functions of its batches."""
    machine = BatchMachine(deployment)
    yield machine
    machine.close()


class Polls:
    """Stands in for the pauses between two looks: each does what the test has in store for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.acts: list[Any] = []
        monkeypatch.setattr(batch.time, "sleep", lambda _: self.acts.pop(0)())


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> Polls:
    return Polls(monkeypatch)


def run(deployment: Deployment, *arguments: str) -> int:
    """Runs the command as the command line does."""
    parser = argparse.ArgumentParser()
    batch.add(parser.add_subparsers())
    options = parser.parse_args(["batch", *arguments])
    status: int = options.run(deployment, options)
    return status


def end_last(machine: BatchMachine, status: str, summary: dict[str, Any] | None = None, **more: Any) -> Any:
    """Returns a function that ends the newest run."""
    return lambda: machine.end(machine.runs[-1]["executionArn"], status, summary, **more)


def test_a_prefix_is_started_and_followed_to_its_summary(
    deployment: Deployment, machine: BatchMachine, polls: Polls, capsys: pytest.CaptureFixture[str]
) -> None:
    polls.acts = [
        lambda: machine.count(machine.runs[-1]["executionArn"], total=10, running=10),
        lambda: machine.count(machine.runs[-1]["executionArn"], total=10, succeeded=5, running=5),
        end_last(machine, "SUCCEEDED", make_summary()),
    ]
    assert run(deployment, PREFIX) == 0
    out, err = capsys.readouterr()
    name = machine.runs[0]["name"].rpartition("-")[0]
    assert out.splitlines() == [
        f"Started batch {name}",
        f"batch {name}  photos",
        f"{'bicycle':{len(name) + 6}}  6",
        f"{'motorcycle':{len(name) + 6}}  2",
        f"{'refused':{len(name) + 6}}  2",
        "10 photos in 4 s, 2.5 a second: 10 asked for, 0 answered before",
        "Passed over, being empty or folders: 1",
        *(f"s3://{BUCKET}/batches/{name}/{file}" for file in ("routes.csv", "routes.jsonl", "summary.json")),
        "The refused ones wait for a person, unless one has decided since: python -m console review, "
        "or the page's view Review",
    ]
    assert err.splitlines() == [
        "Routing: 0 of 10 photos",
        "Routing: 5 of 10 photos",
        "Routing: 10 of 10 photos",
    ]


def test_a_folder_is_uploaded_to_the_batch_s_own_place_first(
    deployment: Deployment,
    machine: BatchMachine,
    polls: Polls,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "trucks"
    folder.mkdir()
    for name in ("one.jpg", "two.jpg", "notes.txt"):
        (folder / name).write_bytes(b"photo")
    polls.acts = [end_last(machine, "SUCCEEDED", make_summary())] * 2
    assert run(deployment, str(folder), "--max-concurrency", "3") == 0
    name = machine.runs[0]["name"].rpartition("-")[0]
    keys = [entry["Key"] for entry in deployment.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert f"batches/{name}/photos/two.jpg" in keys
    assert not any(key.startswith("incoming/") for key in keys)
    assert '"max_concurrency": 3' in machine.runs[0]["input"]
    first = capsys.readouterr().out.splitlines()
    assert first[0] == f"Photos uploaded to s3://{BUCKET}/batches/{name}/photos/: 2; there already: 0"
    assert first[1] == "Left out, being no photos: 1 ('notes.txt')"
    (folder / "one.jpg").unlink()
    assert run(deployment, str(folder)) == 0
    second = capsys.readouterr().out.splitlines()
    assert second[0] == f"Nothing to upload: there already in s3://{BUCKET}/batches/{name}/photos/: 1"
    assert second[1] == "No longer in the folder, but still in the batch: 1"


def test_a_batch_that_runs_is_followed_and_none_started_beside_it(
    deployment: Deployment, machine: BatchMachine, polls: Polls, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        polls.acts = [end_last(machine, "SUCCEEDED", make_summary())]
        run(deployment, PREFIX)
        machine.runs[0]["status"] = "RUNNING"
    assert len(machine.runs) == 1
    assert "is running: this follows it, and starts none beside it" in capsys.readouterr().out


def test_one_that_begins_to_run_meanwhile_is_followed_and_keeps_its_concurrency(
    deployment: Deployment,
    machine: BatchMachine,
    polls: Polls,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine.begin(f"{batch.find_batch(deployment, PREFIX)}-20260131T120000Z")
    found = [None, {"state": "running"}]
    monkeypatch.setattr(batch.runs, "find_running", lambda *_: found.pop(0))
    polls.acts = [end_last(machine, "SUCCEEDED", make_summary())]
    assert run(deployment, PREFIX, "--max-concurrency", "3") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("starts none beside it; --max-concurrency changes nothing about it")
    assert len(machine.runs) == 1


def test_ctrl_c_leaves_it_running_and_says_how_to_follow(
    deployment: Deployment, machine: BatchMachine, polls: Polls, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    polls.acts = [interrupt]
    assert run(deployment, PREFIX) == 130
    assert machine.runs[0]["status"] == "RUNNING"
    name = machine.runs[0]["name"].rpartition("-")[0]
    assert f"python -m console batch --follow {name}; to stop it: --cancel" in capsys.readouterr().err
    polls.acts = [end_last(machine, "SUCCEEDED", make_summary())]
    assert run(deployment, "--follow", name) == 0
    # What has ended is told at once.
    assert run(deployment, "--follow", PREFIX) == 0


def test_ctrl_c_while_a_folder_is_uploaded_starts_nothing(
    deployment: Deployment,
    machine: BatchMachine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "upload_folder", interrupt)
    assert run(deployment, str(tmp_path)) == 130
    assert machine.runs == []
    assert "the same command goes on with the upload" in capsys.readouterr().err


def test_photos_that_failed_make_status_1_and_are_told_by_error_with_what_asks_again(
    deployment: Deployment, machine: BatchMachine, polls: Polls, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = make_summary(failed={"InvalidImage": 3, "EndpointThrottled": 1}, refused=0)
    polls.acts = [end_last(machine, "SUCCEEDED", failed)]
    assert run(deployment, PREFIX) == 1
    out = capsys.readouterr().out
    name = machine.runs[0]["name"].rpartition("-")[0]
    assert [line.split() for line in out.splitlines()[-8:-6]] == [
        ["failed:", "EndpointThrottled", "1"],
        ["failed:", "InvalidImage", "3"],
    ]
    assert out.endswith(f"What failed is asked for again by python -m console batch --redrive {name}\n")
    machine.end(
        machine.begin(f"{name}-20260201T120000Z"), "SUCCEEDED", make_summary(failed={"InvalidImage": 3})
    )
    assert run(deployment, "--follow", name) == 1
    assert "--redrive" not in capsys.readouterr().out


def test_a_batch_that_failed_is_status_1_with_its_reason_and_is_redriven(
    deployment: Deployment, machine: BatchMachine, polls: Polls, capsys: pytest.CaptureFixture[str]
) -> None:
    error = "States.ExceedToleratedFailureThreshold"
    told: dict[str, Any] = {"error": error, "cause": "The tolerance was exceeded"}

    def fail() -> None:
        arn = machine.runs[0]["executionArn"]
        machine.count(arn, total=100, succeeded=90, failed=10)
        machine.end(arn, "FAILED", redriveStatus="REDRIVABLE", **told)

    polls.acts = [fail]
    assert run(deployment, PREFIX) == 1
    first, second = capsys.readouterr().out.splitlines()[1:]
    name = machine.runs[0]["name"].rpartition("-")[0]
    assert first == f"Batch {name} failed after 90 of 100 photos: {error}: The tolerance was exceeded"
    assert second.startswith(f"To go on: python -m console batch --redrive {name}.")
    polls.acts = [end_last(machine, "SUCCEEDED", make_summary())]
    assert run(deployment, "--redrive", PREFIX) == 0
    assert len(machine.runs) == 1


def test_no_rate_is_told_of_a_batch_that_was_redriven(
    deployment: Deployment, machine: BatchMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    redriven = make_summary(seconds=9000.0, photos_per_second=None)
    machine.end(machine.begin("photos-0a1b2c3d-20260131T120000Z"), "SUCCEEDED", redriven)
    assert run(deployment, "--follow", "photos-0a1b2c3d") == 0
    assert "10 photos: 10 asked for, 0 answered before" in capsys.readouterr().out.splitlines()


def test_a_bucket_that_lets_nobody_in_is_said_to_need_a_policy(
    deployment: Deployment, machine: BatchMachine, polls: Polls, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = deployment.client("s3")
    s3.create_bucket(Bucket="of-somebody")
    s3.put_object(Bucket="of-somebody", Key="one.jpg", Body=b"photo")
    ends = [
        ("FAILED", None, {"error": "States.ItemReaderFailed", "cause": "Access Denied"}),
        ("SUCCEEDED", make_summary(failed={"ImageAccessDenied": 10}), {}),
    ]
    for status, summary, more in ends:
        polls.acts = [end_last(machine, status, summary, **more)]
        assert run(deployment, "s3://of-somebody") == 1
        line = capsys.readouterr().out.splitlines()[-1]
        assert line.startswith(
            "of-somebody is not the deployment's bucket: its policy has to let in the roles of"
        )
        machine.runs[-1]["name"] = "photos-0a1b2c3d-20260101T000000Z"


def test_a_batch_is_cancelled_by_its_source_or_its_id(
    deployment: Deployment, machine: BatchMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.begin("photos-0a1b2c3d-20260131T120000Z")
    assert run(deployment, "--cancel", "photos-0a1b2c3d") == 0
    assert machine.runs[0]["status"] == "ABORTED"
    assert "python -m console batch --redrive photos-0a1b2c3d" in capsys.readouterr().out


def test_without_a_source_the_batches_are_listed(
    deployment: Deployment, machine: BatchMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(deployment) == 0
    assert "python -m console batch FOLDER" in capsys.readouterr().out
    judged = make_summary(refused=1, reviewed={"routed": 1, "discarded": 0})
    machine.end(machine.begin("photos-0a1b2c3d-20260131T120000Z"), "SUCCEEDED", judged)
    long = f'{{"source": "/{"home/" * 20}trucks"}}'
    arn = machine.begin("others-0a1b2c3d-20260131T120000Z", long)
    machine.begin("third-0a1b2c3d-20260131T120000Z")
    machine.count(arn, total=20, succeeded=4, failed=1)
    assert run(deployment) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:7] == ["batch", "state", "photos", "routed", "refused", "reviewed", "failed"]
    assert rows[1][:7] == ["third-0a1b2c3d", "running", "-", "-", "-", "-", "-"]
    assert rows[2][:9] == ["others-0a1b2c3d", "running", "5", "of", "20", "-", "-", "-", "1"]
    assert rows[2][-1] == "…" + ("home/" * 20 + "trucks")[-59:]
    assert rows[3][:7] == ["photos-0a1b2c3d", "done", "10", "8", "1", "1", "0"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--follow"], "name the batch"),
        (["--max-concurrency", "3"], "name the batch"),
        (["--redrive", "photos-0a1b2c3d", "--max-concurrency", "3"], "for a new run of a batch alone"),
        (["--follow", "photos-0a1b2c3d"], "There is no batch photos-0a1b2c3d"),
        (["no-such-folder"], "is no folder and no prefix"),
        ([""], "An empty text names no photos"),
        (["--follow", ""], "An empty text names no photos"),
    ],
)
@pytest.mark.usefixtures("machine")
def test_what_cannot_be_is_said_in_one_line(deployment: Deployment, arguments: list[str], fault: str) -> None:
    with pytest.raises(EvaluationError, match=fault):
        run(deployment, *arguments)


@pytest.mark.parametrize("number", ["0", "1001", "-1", "many", "1.5"])
@pytest.mark.usefixtures("machine")
def test_a_concurrency_that_is_none_is_refused(
    deployment: Deployment, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(deployment, PREFIX, f"--max-concurrency={number}")
    assert "is no whole number from 1 to 1000" in capsys.readouterr().err
