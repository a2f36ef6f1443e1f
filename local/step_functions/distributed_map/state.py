"""Runs a distributed Map state: reads its items, runs their executions and tells the history of it.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
"""

from collections.abc import Iterator
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local.step_functions.distributed_map import map_runs
from local.step_functions.distributed_map.batches import make_inputs
from local.step_functions.distributed_map.children import is_redrivable
from local.step_functions.distributed_map.coordinator import Coordinator
from local.step_functions.distributed_map.definition import find_type, name_label
from local.step_functions.distributed_map.fields import Fields
from local.step_functions.distributed_map.map_runs import MapRun
from local.step_functions.distributed_map.reader import read_items, select_items
from local.step_functions.distributed_map.results import ResultWriter, find_settings, gather
from local.step_functions.distributed_map.spool import Spool
from local.step_functions.distributed_map.storage import Storage
from local.step_functions.history import add, find_previous
from local.step_functions.roles import require_of
from local.step_functions.running import begin_branches, find_branches
from local.step_functions.runs import find_revision, is_running

Document = dict[str, Any]
REDRIVES = 1000
PERMISSIONS = "States.Permissions"


def run_map(state: Document, given: Any, execution: Document, context: Document) -> tuple[Any, str | None]:
    """Runs a distributed Map state; after a redrive only what of it did not succeed.

    Args:
        state: The state as it is defined.
        given: Its input.
        execution: The execution.
        context: Its context object.

    Returns:
        The state's output and the name of the next state; neither where the execution was ended meanwhile.

    Raises:
        stepfunctions._ExecutionError: It failed.
    """
    fields = Fields(state, given, context, find_previous())
    begin_branches(context)
    kept: Document = find_branches()
    storage = Storage((find_revision(execution) or {})["roleArn"])
    run = map_runs.find(kept.get("mapRunArn", ""))
    if run:
        run.await_end()
    # A Map Run that has not had all of its items, or has succeeded, begins anew.
    prepare = _redrive if run and Spool(run.name).exists() else _fill
    if run is None or prepare is _fill:
        run = _begin(fields, execution, kept)
    try:
        writer = prepare(fields, run, execution, storage)
        result = _run(fields, run, execution, writer)
    except Exception as error:
        if Spool(run.name).exists():
            run.settle()
        run.end("FAILED")
        told = error if isinstance(error, stepfunctions._ExecutionError) else None
        cause = told.cause if told else str(error)
        add(execution, "MapRunFailed", {"error": told.error if told else "States.Runtime", "cause": cause})
        add(execution, "MapStateFailed")
        raise
    if not is_running(execution):
        run.end("ABORTED")
        return None, None
    run.end("SUCCEEDED")
    add(execution, "MapRunSucceeded")
    add(execution, "MapStateSucceeded", passed_by=True)
    Spool(run.name).clear()
    return fields.complete(result)


def _begin(fields: Fields, execution: Document, kept: Document) -> MapRun:
    """Begins a Map Run, and keeps its ARN for a redrive."""
    length = 0 if "ItemReader" in fields.state else len(select_items(fields))
    add(execution, "MapStateStarted", {"length": length})
    concurrency = fields.find_integer("MaxConcurrency") or 0
    tolerance = {
        "toleratedFailureCount": fields.find_integer("ToleratedFailureCount"),
        "toleratedFailurePercentage": fields.find_number("ToleratedFailurePercentage", most=100),
    }
    settings = {"maxConcurrency": concurrency, **{name: value or 0 for name, value in tolerance.items()}}
    label = name_label(fields.context["State"]["Name"], fields.state)
    tolerated = [name for name, value in tolerance.items() if value is not None]
    run = map_runs.begin(execution, label, find_type(fields.state), settings, tolerated)
    # First, because the execution is saved with the event.
    kept["mapRunArn"] = run.arn
    add(execution, "MapRunStarted", {"mapRunArn": run.arn})
    run.event = find_previous()
    return run


def _make_writer(fields: Fields, run: MapRun, storage: Storage) -> ResultWriter | None:
    if "Resource" not in (fields.state.get("ResultWriter") or {}):
        return None
    writer = ResultWriter(fields, run, storage)
    writer.check()
    return writer


def _fill(fields: Fields, run: MapRun, execution: Document, storage: Storage) -> ResultWriter | None:
    """Reads a Map Run's items; returns what takes its results."""
    machine = run.record["_stateMachineArn"].partition("/")[0]
    require_of(execution, "states:StartExecution", machine, PERMISSIONS)
    writer = _make_writer(fields, run, storage)
    executions, items = Spool(run.name).write(make_inputs(fields, read_items(fields, storage)))
    with run.changed:
        for counts, number in (("itemCounts", items), ("executionCounts", executions)):
            run.record[counts].update(pending=number, total=number)
    return writer


def _redrive(fields: Fields, run: MapRun, execution: Document, storage: Storage) -> ResultWriter | None:
    """Begins a Map Run's redrive: its successes stay, all else waits; returns what takes its results."""
    record = run.record
    if record["redriveCount"] >= REDRIVES:
        raise fields.fail(f"A Map Run is redriven {REDRIVES} times at most.")
    lost = []
    for index, items, _ in Spool(run.name).read():
        child = run.find_child(index)
        if child is None or child["status"] == "SUCCEEDED":
            continue
        if is_redrivable(run, child):
            child.update(formerStatus=child["status"], status="PENDING_REDRIVE")
        else:
            lost.append(items)
    # Counted anew: a server that was killed has not saved the last of it.
    run.recount()
    record["itemCounts"]["failuresNotRedrivable"] = sum(lost)
    record["executionCounts"]["failuresNotRedrivable"] = len(lost)
    record.update(status="RUNNING", redriveCount=record["redriveCount"] + 1, redriveDate=now_iso())
    record.pop("stopDate", None)
    run.activate()
    details = {"mapRunArn": run.arn, "redriveCount": record["redriveCount"]}
    add(execution, "MapRunRedriven", details)
    run.event = find_previous()
    machine = record["_stateMachineArn"].partition("/")[0]
    waiting = record["executionCounts"]
    if run.is_express or waiting["pending"]:
        require_of(execution, "states:StartExecution", machine, PERMISSIONS)
    if not run.is_express and waiting["pendingRedrive"]:
        require_of(execution, "states:RedriveExecution", run.name_arn(0), PERMISSIONS)
    return _make_writer(fields, run, storage)


def _run(fields: Fields, run: MapRun, execution: Document, writer: ResultWriter | None) -> Any:
    """Runs a Map Run's executions; returns the state's result."""
    transformation, _ = find_settings(fields)
    coordinator = Coordinator(run, execution, writer)
    waiting = _list_waiting(run, writer)
    coordinator.run_all(waiting)
    if coordinator.failure:
        raise coordinator.failure
    run.settle()
    if writer:
        # What is left has not been started: all that has is handed on with the others.
        for index, items, given in waiting:
            writer.add_pending(index, items, given)
        result: Any = writer.finish()
    else:
        counts = run.record["itemCounts"], run.record["executionCounts"]
        run.count_written(*(each["total"] for each in counts))
    if coordinator.exceeded and is_running(execution):
        raise stepfunctions._ExecutionError(
            "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
        )
    if writer is None:
        children = (run.find_child(index) for index, _, _ in Spool(run.name).read())
        result = gather((child for child in children if child is not None), transformation)
    return result


def _list_waiting(run: MapRun, writer: ResultWriter | None) -> Iterator[tuple[int, int, str]]:
    """Yields the inputs that wait for an execution; hands on the results of the others, unless written."""
    written = set(run.record.get("_written", []))
    for index, items, given in Spool(run.name).read():
        child = run.find_child(index)
        if child is None or child["status"] == "PENDING_REDRIVE":
            yield index, items, given
        elif writer and index not in written:
            writer.add(index, items, child)
