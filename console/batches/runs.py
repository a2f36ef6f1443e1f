"""Starts, follows, cancels and redrives batches: a run is an execution of a state machine of their own."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from console.batches.errors import is_passing
from console.batches.naming import name_run, read_batch
from console.batches.sources import Source
from evaluation.deployment import Deployment, EvaluationError, NotDeployed
from lambdas.workflow import places

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
_STATES = {
    "RUNNING": RUNNING,
    "PENDING_REDRIVE": RUNNING,
    "SUCCEEDED": DONE,
    "FAILED": FAILED,
    "TIMED_OUT": FAILED,
    "ABORTED": CANCELLED,
}
FILES = ("routes.csv", "routes.jsonl", "summary.json")
"""What a run leaves in the bucket at its end."""
MOST_LISTED = 50
_LISTED_AT_ONCE = 1000
_CONCURRENT_REQUESTS = 8
_KEPT = 500
_ended: dict[tuple[Deployment, str, datetime], dict[str, Any]] = {}
"""Runs that have ended with a summary, as they are described, by their ARN and when they ended."""


class NoBatch(EvaluationError):
    """There is no such batch (any more: Step Functions keeps executions for 90 days)."""


class NotPossible(EvaluationError):
    """A batch is in no state in which this can be done with it."""


def list_batches(deployment: Deployment) -> list[dict[str, Any]]:
    """Returns the MOST_LISTED batches that ran last, each as ``describe`` has it, the newest first.

    Raises:
        NotDeployed: The deployment is of a version that has no batches.
    """
    newest: dict[str, Mapping[str, Any]] = {}
    for run in _list_runs(deployment):
        batch = read_batch(run["name"])
        if batch and batch not in newest:
            newest[batch] = run
        if len(newest) == MOST_LISTED:
            break
    with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as pool:
        return list(pool.map(lambda run: _describe(deployment, run), newest.values()))


def describe(deployment: Deployment, batch: str) -> dict[str, Any]:
    """Describes the last run of a batch.

    Returns:
        ``id``; ``execution``, the run's ARN; ``source``, what the user named; ``bucket`` and ``prefix``;
        ``state``: running, done, failed or cancelled; ``started`` and ``ended`` in Unix seconds; ``error``
        and ``cause``; ``progress``: how many photos there are in ``total`` as far as they are counted,
        ``done``, ``failed``, ``running`` and ``waiting``, None before the first is counted and once there is
        a summary; ``summary``, what the run wrote last, None before that; ``redrivable``: whether asking
        again may mend anything.

    Raises:
        NoBatch: There is none.
        NotDeployed: The deployment is of a version that has no batches.
    """
    return _describe(deployment, _find(deployment, batch))


def find_running(deployment: Deployment, batch: str) -> dict[str, Any] | None:
    """Describes the run of a batch that has not ended; returns None where there is none."""
    for run in _list_runs(deployment, statusFilter="RUNNING"):
        if read_batch(run["name"]) == batch:
            return _describe(deployment, run)
    return None


def count_running(deployment: Deployment) -> int:
    """Returns how many batches run; none where the deployment is of a version that has no batches."""
    try:
        running = _list_runs(deployment, statusFilter="RUNNING")
    except NotDeployed:
        return 0
    return len({read_batch(run["name"]) for run in running} - {None})


def start(deployment: Deployment, source: Source, max_concurrency: int | None = None) -> bool:
    """Starts a run of a batch whose photos lie where they belong, unless one is running.

    Returns whether it did; where somebody else starts one in the same second on the same, both did.

    A photo that was routed or refused before, in the same version, is not asked for again.
    """
    if find_running(deployment, source.batch):
        return False
    given = {"batch": source.batch, "bucket": source.bucket, "prefix": source.prefix, "source": source.named}
    concurrency = {} if max_concurrency is None else {"max_concurrency": max_concurrency}
    return _start(deployment, source.batch, json.dumps({**given, **concurrency}))


def cancel(deployment: Deployment, batch: str) -> None:
    """Stops the run of a batch; what its photos have become stays.

    Raises:
        NotPossible: It does not run.
        NoBatch: There is none.
    """
    run = _find(deployment, batch)
    if _STATES[run["status"]] != RUNNING:
        raise NotPossible(f"Batch {batch} does not run: it is {_STATES[run['status']]}")
    deployment.client("stepfunctions").stop_execution(
        executionArn=run["executionArn"], error="Cancelled", cause="Somebody cancelled the batch"
    )


def redrive(deployment: Deployment, batch: str) -> None:
    """Has a batch that has ended ask again for the photos that failed, or that it did not come to.

    Step Functions redrives what it can for 14 days; otherwise the same input is a new run, which passes over
    what is answered for.

    Raises:
        NotPossible: It runs, or all its photos are answered for.
        NoBatch: There is none.
    """
    run = _find(deployment, batch)
    described = _describe(deployment, run)
    if described["state"] == RUNNING:
        raise NotPossible(f"Batch {batch} is running: follow it, or cancel it first")
    summary = described["summary"]
    # Somebody may have put another model into service, too: whatever failed may be asked for again.
    if described["state"] == DONE and not (summary and summary["failed"]):
        raise NotPossible(f"Batch {batch} has no photo that failed: there is nothing to ask for again")
    step_functions = deployment.client("stepfunctions")
    execution = step_functions.describe_execution(executionArn=run["executionArn"])
    if execution.get("redriveStatus") == "REDRIVABLE":
        step_functions.redrive_execution(executionArn=run["executionArn"])
    else:
        _start(deployment, batch, execution["input"])


def read_file(deployment: Deployment, batch: str, file: str) -> Any:
    """Returns the body of one of FILES of a batch, to be read in pieces.

    Raises:
        NoBatch: The batch has none, or it has expired.
    """
    s3 = deployment.client("s3")
    try:
        return s3.get_object(Bucket=deployment.bucket, Key=places.batch_key(batch, file))["Body"]
    except s3.exceptions.NoSuchKey:
        raise NoBatch(
            f"Batch {batch[:80]} has no {file}: no run of it has ended, or the file has expired"
        ) from None


def _start(deployment: Deployment, batch: str, document: str) -> bool:
    """Starts a run; returns whether it did, which it does not where another has its name."""
    step_functions = deployment.client("stepfunctions")
    try:
        step_functions.start_execution(
            stateMachineArn=deployment.batch_machine,
            name=name_run(batch, datetime.now(UTC)),
            input=document,
        )
    except step_functions.exceptions.ExecutionAlreadyExists:
        # Somebody else has started it in this second.
        return False
    return True


def _list_runs(deployment: Deployment, **wanted: str) -> Iterator[Mapping[str, Any]]:
    """Yields the runs of all batches as Step Functions lists them, the newest first."""
    pages = (
        deployment.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(
            stateMachineArn=deployment.batch_machine,
            PaginationConfig={"PageSize": _LISTED_AT_ONCE},
            **wanted,
        )
    )
    return (run for page in pages for run in page["executions"])


def _find(deployment: Deployment, batch: str) -> Mapping[str, Any]:
    for run in _list_runs(deployment):
        if read_batch(run["name"]) == batch:
            return run
    raise NoBatch(f"There is no batch {batch[:80]}: python -m console batch lists those of the last 90 days")


def _describe(deployment: Deployment, run: Mapping[str, Any]) -> dict[str, Any]:
    """Describes a run as it was listed."""
    if _STATES[run["status"]] == RUNNING:
        return _describe_now(deployment, run["executionArn"])
    # One that is redriven, by whomever, ends once more.
    key = deployment, run["executionArn"], run["stopDate"]
    if kept := _ended.get(key):
        return dict(kept)
    described = _describe_now(deployment, run["executionArn"])
    # The counts of one that was broken off still change a while after its end.
    if described["summary"]:
        if len(_ended) >= _KEPT:
            _ended.clear()
        _ended[key] = dict(described)
    return described


def _describe_now(deployment: Deployment, execution: str) -> dict[str, Any]:
    described = deployment.client("stepfunctions").describe_execution(executionArn=execution)
    given = _read_input(described)
    batch = read_batch(described["name"]) or ""
    state = _STATES[described["status"]]
    summary = _read_summary(deployment, batch, execution) if state == DONE else None
    return {
        "id": batch,
        "execution": execution,
        **{name: given.get(name) for name in ("source", "bucket", "prefix")},
        "state": state,
        "started": described["startDate"].timestamp(),
        "ended": described["stopDate"].timestamp() if state != RUNNING else None,
        "error": described.get("error"),
        "cause": described.get("cause"),
        "progress": None if summary else _read_progress(deployment, execution),
        "summary": summary,
        "redrivable": state in (FAILED, CANCELLED)
        or bool(summary and any(map(is_passing, summary["failed"]))),
    }


def _read_input(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a run's input; of one that somebody has started by hand it may be anything."""
    given = json.loads(described.get("input") or "{}")
    return given if isinstance(given, dict) else {}


def _read_progress(deployment: Deployment, execution: str) -> dict[str, int] | None:
    step_functions = deployment.client("stepfunctions")
    map_runs = step_functions.list_map_runs(executionArn=execution)["mapRuns"]
    if not map_runs:
        return None
    counts = step_functions.describe_map_run(mapRunArn=map_runs[0]["mapRunArn"])["itemCounts"]
    # What was aborted was not asked for: it waits for a redrive.
    return {
        "total": counts["total"],
        "done": counts["succeeded"],
        "failed": counts["failed"] + counts["timedOut"],
        "running": counts["running"],
        "waiting": counts["pending"] + counts["aborted"] + counts.get("pendingRedrive", 0),
    }


def _read_summary(deployment: Deployment, batch: str, execution: str) -> dict[str, Any] | None:
    """Returns the summary that a run has written; None where it is gone, or is that of another run."""
    try:
        with read_file(deployment, batch, "summary.json") as body:
            summary = json.load(body)
    except NoBatch:
        return None
    return summary if summary["execution"] == execution else None
