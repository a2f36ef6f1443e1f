"""Measures a burst of uploads: ``python -m benchmarks.uploads [--uploads N]``.

Deploys on an embedded cloud of its own and puts photos under ``incoming/`` as fast as eight threads can.
Makes sure that each version has one execution and one outcome, and that none is a dead letter. Prints how
many a second were put, started and decided, how long each function takes, and how often Lambda had no room:
it runs ten functions at a time, so that their durations bound what is decided.
"""

import argparse
import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.environment import describe_machine
from lambdas.workflow.places import INCOMING, identify_photo
from tests.browser.fixtures.shared_deployment import share_deployment
from tests.end_to_end.embedded_cloud import App

THREADS = 8
POLL_SECONDS = 1.0
FUNCTIONS = ("upload", "serialize", "classify", "filter")


@dataclass
class Burst:
    """A burst of uploads, and what has become of it.

    Attributes:
        app: The deployment.
        expected: The ids of the photos that were put.
    """

    app: App
    expected: set[str]

    def count_started(self) -> Counter[str]:
        """Returns how many executions each photo has."""
        pages = self.app.cloud.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.app.parameter("state-machine"))
        names = (execution["name"] for page in found for execution in page["executions"])
        return Counter(name for name in names if name in self.expected)

    def count_decided(self) -> Counter[str]:
        """Returns how many photos have each outcome."""
        pages = self.app.cloud.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.app.parameter("outcomes"))
        items = (item for page in found for item in page["Items"])
        return Counter(item["outcome"]["S"] for item in items if item["photo"]["S"] in self.expected)


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, share_deployment(Path(folder)) as app:
        print(json.dumps(describe_machine()))
        for figure, value in measure_burst(app, options.uploads):
            print(f"{figure:40} {value:10.2f}", flush=True)
    return 0


def measure_burst(app: App, uploads: int) -> Iterator[tuple[str, float]]:
    """Yields the figures of a burst of so many photos.

    Raises:
        SystemExit: A photo has another number of executions than one, or an upload is a dead letter.
    """
    began, begin = datetime.now(UTC), time.monotonic()
    burst = Burst(app, put_photos(app, uploads, f"{INCOMING}burst/"))
    put = time.monotonic() - begin
    yield "put a second", uploads / put
    started = decided = 0.0
    while not decided:
        now = time.monotonic() - begin
        if not started and len(burst.count_started()) == uploads:
            started = now
        if burst.count_decided().total() == uploads:
            decided = now
        time.sleep(POLL_SECONDS)
    yield "started a second", uploads / started
    yield "decided a second", uploads / decided
    if set(burst.count_started().values()) != {1} or count_dead_letters(app):
        sys.exit("an upload was started twice, or is a dead letter")
    yield from burst.count_decided().items()
    for function in FUNCTIONS:
        yield f"{function}, ms on average", read_metric(app, function, "Duration", "Average", began)
    throttles = (read_metric(app, function, "Throttles", "Sum", began) for function in FUNCTIONS)
    yield "calls for which Lambda had no room", sum(throttles)


def put_photos(app: App, uploads: int, prefix: str) -> set[str]:
    """Puts so many different photos under a prefix; returns their ids."""
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")

    def put(number: int) -> str:
        content = io.BytesIO()
        Image.new("RGB", (64, 64), (number % 256, number // 256 % 256, 90)).save(content, "PNG")
        key = f"{prefix}{number}.png"
        answer = s3.put_object(Bucket=bucket, Key=key, Body=content.getvalue())
        return identify_photo(bucket, key, answer["VersionId"])

    with ThreadPoolExecutor(THREADS) as pool:
        return set(pool.map(put, range(uploads)))


def count_dead_letters(app: App) -> int:
    """Returns how many messages started nothing."""
    attributes: Any = app.cloud.client("sqs").get_queue_attributes(
        QueueUrl=app.parameter("dead-letters"), AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def read_metric(app: App, function: str, metric: str, statistic: str, since: datetime) -> float:
    """Returns a metric of one of the deployment's functions over the time of the burst; 0 without data."""
    found = app.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": f"{app.name}-{function}"}],
        StartTime=since,
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=3_600,
        Statistics=[statistic, "SampleCount"],
    )["Datapoints"]
    if statistic == "Sum":
        return sum(point["Sum"] for point in found)
    counted = sum(point["SampleCount"] for point in found)
    return sum(point["Average"] * point["SampleCount"] for point in found) / counted if counted else 0.0


if __name__ == "__main__":
    sys.exit(main())
