"""A deployment in moto's AWS with a stand-in for the Step Functions of its batches: a test ends the runs."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from console.batches.naming import read_batch
from evaluation.deployment import Deployment
from lambdas.workflow import places

BUCKET = "scones-bucket"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-batch"
BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)
COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")


@contextmanager
def deployed() -> Iterator[Deployment]:
    """A deployment, whose clients all tests of a file share: making one takes longer than asking it."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        # The environment of a test is only there from its beginning to its end.
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield Deployment("scones")


def empty(shared: Deployment) -> Deployment:
    """Returns the deployment with an empty bucket; what is remembered of it is forgotten."""
    s3, ssm = shared.client("s3"), shared.client("ssm")
    s3.create_bucket(Bucket=BUCKET)
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    for which, value in {"bucket": BUCKET, "batch-machine": MACHINE}.items():
        ssm.put_parameter(Name=f"/scones/{which}", Value=value, Type="String", Overwrite=True)
    return copy.copy(shared)


class BatchMachine:
    """Answers what a deployment's client of Step Functions asks.

    Attributes:
        asked: The name of each operation that was asked for, with its parameters.
        runs: The runs as DescribeExecution tells them, the oldest first.
        counts: The counts of items of each run that has a Map Run, by the run's ARN.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.runs: list[dict[str, Any]] = []
        self.counts: dict[str, dict[str, int]] = {}
        self._deployment = deployment
        self._ends = 0
        self._events = deployment.client("stepfunctions").meta.events
        self._events.register("before-parameter-build.stepfunctions", self._keep)
        self._events.register("before-call.stepfunctions", self._answer)

    def close(self) -> None:
        """Leaves the client as it was."""
        self._events.unregister("before-parameter-build.stepfunctions", self._keep)
        self._events.unregister("before-call.stepfunctions", self._answer)

    def count_asked(self, operation: str) -> int:
        """Returns how often an operation was asked for."""
        return [name for name, _ in self.asked].count(operation)

    def begin(self, name: str, document: str | None = None) -> str:
        """Begins a run; returns its ARN."""
        batch = read_batch(name)
        given = {"batch": batch, "bucket": "scones-bucket", "prefix": "photos/", "source": "s3://b/photos"}
        arn = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}"
        self.runs.append(
            {
                "executionArn": arn,
                "stateMachineArn": MACHINE,
                "name": name,
                "status": "RUNNING",
                "startDate": BEGIN + timedelta(minutes=len(self.runs)),
                "input": json.dumps(given) if document is None else document,
            }
        )
        return arn

    def count(self, arn: str, **counts: int) -> None:
        """Sets how many items of a run's Map Run are in each state."""
        self.counts[arn] = dict.fromkeys(COUNTS, 0) | counts

    def end(self, arn: str, status: str, summary: dict[str, Any] | None = None, **described: Any) -> None:
        """Ends a run, which has written a summary where one is given."""
        run = self.find(arn)
        # No two ends are at one time: one that was redriven ends once more.
        self._ends += 1
        run |= {"status": status, "stopDate": run["startDate"] + timedelta(seconds=self._ends), **described}
        if summary is not None:
            self._deployment.client("s3").put_object(
                Bucket=self._deployment.bucket,
                Key=places.batch_key(str(read_batch(run["name"])), "summary.json"),
                Body=json.dumps(summary | {"execution": arn}).encode(),
            )

    def find(self, arn: str) -> dict[str, Any]:
        """Returns the run of an ARN."""
        return next(run for run in self.runs if run["executionArn"] == arn)

    def _keep(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        self.asked.append((model.name, dict(params)))
        # Requests are made side by side: each carries what it asked itself.
        context["asked"] = dict(params)

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        answer = getattr(self, f"_{model.name}")(context["asked"])
        return type("Answer", (), {"status_code": 200})(), answer

    def _ListExecutions(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = asked.get("statusFilter")
        found = [run for run in reversed(self.runs) if wanted in (None, run["status"])]
        return {"executions": found}

    def _StartExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["stateMachineArn"] == MACHINE
        return {"executionArn": self.begin(asked["name"], asked["input"])}

    def _DescribeExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self.find(asked["executionArn"])

    def _StopExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.end(asked["executionArn"], "ABORTED", error=asked["error"], cause=asked["cause"])
        return {}

    def _RedriveExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        run = self.find(asked["executionArn"])
        run["status"] = "RUNNING"
        del run["stopDate"]
        return {}

    def _ListMapRuns(self, asked: dict[str, Any]) -> dict[str, Any]:
        arn = asked["executionArn"]
        return {"mapRuns": [{"mapRunArn": arn, "executionArn": arn}] if arn in self.counts else []}

    def _DescribeMapRun(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"itemCounts": self.counts[asked["mapRunArn"]]}


def make_summary(**other: Any) -> dict[str, Any]:
    """Returns what a run of ten photos writes, but for some fields."""
    return {
        "batch": "photos-0a1b2c3d",
        "source": "s3://b/photos",
        "bucket": "scones-bucket",
        "prefix": "photos/",
        "model": "scones--training-1",
        "threshold": 0.8,
        "photos": 10,
        "routed": {"bicycle": 6, "motorcycle": 2},
        "refused": 2,
        "reviewed": {"routed": 0, "discarded": 0},
        "failed": {},
        "asked": 10,
        "kept": 0,
        "passed_over": 1,
        "seconds": 4.0,
        "photos_per_second": 2.5,
        "started_at": "2026-01-31T12:00:00.000Z",
        "ended_at": "2026-01-31T12:00:04.000Z",
        **other,
    }
