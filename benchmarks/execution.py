"""Measures a warm execution beside three bare calls of its functions: ``python -m benchmarks.execution``.

Deploys on an embedded cloud of its own. In every round a photo is routed by the state machine, and its three
functions are called one after the other by the inputs that they have there, through boto3; who comes first
changes with the round. An execution takes from StartExecution until DescribeExecution, asked every few
milliseconds, tells of its end; its own dates say how long the cloud took for it, requests left out. It keeps
and tells the photo's outcome beside what the functions do.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.rows import Row, print_report
from tests.browser.fixtures.shared_deployment import share_deployment
from tests.end_to_end.embedded_cloud import App, photo_event

POLL_SECONDS = 0.005
WARM_UP = 5
PREFIX = "measured/"
FUNCTIONS = ("serialize", "classify", "filter")
Event = dict[str, str]


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, share_deployment(Path(folder)) as app:
        print_report(compare(app, options.rounds))
    return 0


def compare(app: App, rounds: int) -> list[Row]:
    """Returns the rows of so many rounds, after some to warm both ways up."""
    execute, call = prepare_execution(app), prepare_calls(app)
    waited, own, called = [], [], []
    for number, event in enumerate(copy_photo(app, WARM_UP + rounds)):
        if number % 2:
            called.append(call(event))
        until_told, by_dates = execute(event)
        waited.append(until_told)
        own.append(by_dates)
        if not number % 2:
            called.append(call(event))
    rival = called[WARM_UP:]
    return [
        Row("one warm execution, as who polls waits for it", "ms", waited[WARM_UP:], rival, at_most=1.5),
        Row("one warm execution, by its own dates", "ms", own[WARM_UP:], rival, at_most=1.5),
    ]


def copy_photo(app: App, copies: int) -> list[Event]:
    """Copies a staged photo so often, for what has an outcome is not told again; returns the events."""
    s3, event = app.cloud.client("s3"), photo_event(app)
    source = {"Bucket": event["s3_bucket"], "Key": event["s3_key"]}
    events = [{**event, "s3_key": f"{PREFIX}{number}.png"} for number in range(copies)]
    for copied in events:
        s3.copy_object(Bucket=copied["s3_bucket"], Key=copied["s3_key"], CopySource=source)
    return events


def prepare_execution(app: App) -> Callable[[Event], tuple[float, float]]:
    """Returns what runs an execution; it returns the milliseconds waited, and those between its dates."""
    step_functions, machine = app.cloud.client("stepfunctions"), app.parameter("state-machine")

    def execute(event: Event) -> tuple[float, float]:
        begin = time.perf_counter()
        started = step_functions.start_execution(stateMachineArn=machine, input=json.dumps(event))
        arn = started["executionArn"]
        while (ended := step_functions.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(POLL_SECONDS)
        waited = time.perf_counter() - begin
        if ended["status"] != "SUCCEEDED":
            sys.exit(f"the execution ended {ended['status']}: {ended.get('error')}: {ended.get('cause')}")
        return waited * 1000, (ended["stopDate"] - ended["startDate"]).total_seconds() * 1000

    return execute


def prepare_calls(app: App) -> Callable[[Event], float]:
    """Returns what calls the three functions; it returns the milliseconds that they took."""
    functions = app.cloud.client("lambda")

    def call(event: Event) -> float:
        begin = time.perf_counter()
        payload: Any = json.dumps({**event, "execution_id": "called"})
        for function in FUNCTIONS:
            answer = functions.invoke(FunctionName=f"{app.name}-{function}", Payload=payload)
            payload = answer["Payload"].read()
            if "FunctionError" in answer:
                sys.exit(f"{function} failed: {payload.decode()}")
        return (time.perf_counter() - begin) * 1000

    return call


if __name__ == "__main__":
    sys.exit(main())
