"""Counts executions, their tasks and Map Runs in CloudWatch's AWS/States namespace.

What AWS tells of all state machines together is not told.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from datetime import datetime
from typing import Any

from ministack.services import cloudwatch

from local.patching import find_original

NAMESPACE = "AWS/States"
MOST_MAP_RUNS = 1000
BEGINNINGS = ("Started", "Redriven")
ENDS = ("Succeeded", "Failed", "Aborted", "TimedOut")


def install() -> None:
    """Checks that MiniStack has what this module uses of it."""
    find_original(cloudwatch, "record_metric")


def count_execution(execution: dict[str, Any], kind: str) -> None:
    """Counts an execution that has begun, was redriven or has ended, as an event of its history tells."""
    change = kind.removeprefix("Execution")
    if change not in BEGINNINGS + ENDS:
        return
    dimensions = {"StateMachineArn": execution["stateMachineArn"]}
    cloudwatch.record_metric(NAMESPACE, f"Executions{change}", 1, "Count", dimensions)
    if change in ENDS:
        if execution.get("redriveCount"):
            cloudwatch.record_metric(NAMESPACE, f"RedrivenExecutions{change}", 1, "Count", dimensions)
        began, ended = (datetime.fromisoformat(execution[moment]) for moment in ("startDate", "stopDate"))
        milliseconds = (ended - began).total_seconds() * 1000
        cloudwatch.record_metric(NAMESPACE, "ExecutionTime", milliseconds, "Milliseconds", dimensions)


def count_task(plural: str, change: str, **dimensions: str) -> None:
    """Counts one change of a task.

    Args:
        plural: How AWS's metrics name tasks of its family, such as ``LambdaFunctions``.
        change: Scheduled, Started, Succeeded, Failed or TimedOut.
        dimensions: The family's dimension and its value.
    """
    cloudwatch.record_metric(NAMESPACE, f"{plural}{change}", 1, "Count", dimensions)


def time_task(singular: str, seconds: float, **dimensions: str) -> None:
    """Tells how long a task took; here nothing lies between its being scheduled and its start."""
    times = {f"{singular}ScheduleTime": 0.0, f"{singular}RunTime": seconds, f"{singular}Time": seconds}
    for metric, taken in times.items():
        cloudwatch.record_metric(NAMESPACE, metric, taken * 1000, "Milliseconds", dimensions)


def count_map_runs(number: int) -> None:
    """Tells how many Map Runs are open in the account and region, and how many may be."""
    cloudwatch.record_metric(NAMESPACE, "ApproximateOpenMapRunCount", number, "Count")
    cloudwatch.record_metric(NAMESPACE, "OpenMapRunLimit", MOST_MAP_RUNS, "Count")
