"""Measures a batch beside starting an execution for each photo: ``python -m benchmarks.batches``.

Deploys on an embedded cloud of its own. Photos are routed by the state machine of batches, then others one by
one by that of single photos, all of them started at once from eight threads; the same model answers for both.
Makes sure that each photo has an outcome. Prints how many photos a second each way decides, and how many
times as many the batch does. The last of a burst of executions have waited longest to ask anew for a function
that had no room, so that how many a second the first nine tenths of them are is told as well.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_machine
from benchmarks.uploads import THREADS, put_photos
from lambdas.workflow.places import batch_key
from tests.browser.fixtures.shared_deployment import share_deployment
from tests.end_to_end.embedded_cloud import App

POLL_SECONDS = 0.5
BATCH = "measured-00000000"
TOGETHER, ALONE = "measured/together/", "measured/alone/"


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=1_000, help="photos of the batch")
    parser.add_argument("--alone", type=int, default=300, help="photos with an execution each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, share_deployment(Path(folder)) as app:
        print(json.dumps(describe_machine()))
        for figure, value in compare(app, options.photos, options.alone):
            print(f"{figure:40} {value:10.2f}", flush=True)
    return 0


def compare(app: App, photos: int, alone: int) -> Iterator[tuple[str, float]]:
    """Yields the figures of both ways.

    Raises:
        SystemExit: A photo has not been decided.
    """
    put_photos(app, photos, TOGETHER)
    put_photos(app, alone, ALONE)
    begin = time.monotonic()
    summary = route_together(app)
    together = photos / (time.monotonic() - begin)
    counts = Counter({"refused": summary["refused"], "failed": sum(summary["failed"].values())})
    counts["routed"] = sum(summary["routed"].values())
    yield "a batch, photos a second", together
    for outcome, count in counts.items():
        yield f"{outcome} in the batch", count
    if counts.total() != photos or counts["failed"]:
        sys.exit("a photo of the batch was not decided")
    begin = time.time()
    executions = route_alone(app, alone)
    single = alone / (time.time() - begin)
    yield "an execution each, photos a second", single
    if len(executions) != alone or {each["status"] for each in executions} - {"SUCCEEDED", "FAILED"}:
        sys.exit("a photo of an execution was not decided")
    yield "times as many in a batch", together / single
    most = alone * 9 // 10
    stops = sorted(each["stopDate"].timestamp() for each in executions)
    single = most / (stops[most - 1] - begin)
    yield "of nine tenths of them, a second", single
    yield "times as many in a batch", together / single


def route_together(app: App) -> dict[str, Any]:
    """Routes the photos under TOGETHER as a batch; returns its summary."""
    step_functions, bucket = app.cloud.client("stepfunctions"), app.parameter("bucket")
    given = {"batch": BATCH, "bucket": bucket, "prefix": TOGETHER, "source": TOGETHER}
    execution = step_functions.start_execution(
        stateMachineArn=app.parameter("batch-machine"),
        name=f"{BATCH}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}",
        input=json.dumps(given),
    )["executionArn"]
    while (ended := step_functions.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(POLL_SECONDS)
    if ended["status"] != "SUCCEEDED":
        sys.exit(f"the batch ended {ended['status']}: {ended.get('error')}: {ended.get('cause')}")
    written = app.cloud.client("s3").get_object(Bucket=bucket, Key=batch_key(BATCH, "summary.json"))
    summary: dict[str, Any] = json.load(written["Body"])
    return summary


def route_alone(app: App, photos: int) -> list[dict[str, Any]]:
    """Starts an execution for each photo under ALONE; returns them, ended, as ListExecutions has them."""
    step_functions, bucket = app.cloud.client("stepfunctions"), app.parameter("bucket")
    machine = app.parameter("state-machine")

    def start(number: int) -> str:
        event = {"image_data": "", "s3_bucket": bucket, "s3_key": f"{ALONE}{number}.png"}
        started = step_functions.start_execution(stateMachineArn=machine, input=json.dumps(event))
        return str(started["executionArn"])

    with ThreadPoolExecutor(THREADS) as pool:
        started = set(pool.map(start, range(photos)))
    while step_functions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        time.sleep(POLL_SECONDS)
    pages = step_functions.get_paginator("list_executions").paginate(stateMachineArn=machine)
    listed = (execution for page in pages for execution in page["executions"])
    return [found for found in listed if found["executionArn"] in started]


if __name__ == "__main__":
    sys.exit(main())
