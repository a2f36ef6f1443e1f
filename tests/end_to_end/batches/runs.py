"""Runs of batches, and the files that they leave."""

import csv
import io
import json
from typing import Any

from lambdas.workflow import places
from tests.end_to_end.embedded_cloud import App
from tests.end_to_end.uploaded_photos import eventually

SECONDS = 120


def start_batch(app: App, batch: str, prefix: str, run: str, **more: Any) -> str:
    """Starts a run of the photos under a prefix of the project's bucket; returns the execution's ARN."""
    bucket = app.parameter("bucket")
    given = {"batch": batch, "bucket": bucket, "prefix": prefix, "source": f"s3://{bucket}/{prefix}", **more}
    return str(
        app.cloud.client("stepfunctions").start_execution(
            stateMachineArn=app.parameter("batch-machine"), name=f"{batch}-{run}", input=json.dumps(given)
        )["executionArn"]
    )


def wait_for_end(app: App, execution: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Returns how a run ended, as DescribeExecution tells it."""
    states = app.cloud.client("stepfunctions")

    def look() -> Any:
        described = states.describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    return dict(eventually(look, seconds))


def route_batch(app: App, batch: str, prefix: str, run: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Runs a batch to its success; returns its summary."""
    ended = wait_for_end(app, start_batch(app, batch, prefix, run), seconds)
    assert ended["status"] == "SUCCEEDED", ended
    summary = json.loads(read_file(app, batch, "summary.json"))
    assert summary == json.loads(ended["output"])
    return dict(summary)


def read_file(app: App, batch: str, name: str) -> str:
    """Returns a file that a batch has left."""
    key = places.batch_key(batch, name)
    answer = app.cloud.client("s3").get_object(Bucket=app.parameter("bucket"), Key=key)
    return str(answer["Body"].read().decode())


def read_rows(app: App, batch: str) -> dict[str, dict[str, Any]]:
    """Returns the rows of a batch by key; each photo has one, and the table of them the same."""
    listed = [json.loads(line) for line in read_file(app, batch, "routes.jsonl").splitlines()]
    rows = {row["key"]: row for row in listed}
    assert len(rows) == len(listed)
    table = csv.DictReader(
        io.StringIO(read_file(app, batch, "routes.csv").removeprefix("\ufeff"), newline="")
    )
    assert {row["key"]: row["outcome"] for row in table} == {key: row["outcome"] for key, row in rows.items()}
    return rows
