"""Map Runs: how far each has come, and the API's operations that tell and change it.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
"""

import threading
import uuid
from contextvars import copy_context
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local.patching import find_original, wrap
from local.step_functions.distributed_map.spool import Spool
from local.step_functions.history import add, follow
from local.step_functions.metrics import count_map_runs

Document = dict[str, Any]
ENDED = ("succeeded", "failed", "timedOut", "aborted")
COUNTED = {
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
    "PENDING_REDRIVE": "pendingRedrive",
}
"""What an execution of a status is counted as."""
COUNTS = ("pending", *COUNTED.values(), "total", "resultsWritten", "failuresNotRedrivable")
SETTINGS = ("maxConcurrency", "toleratedFailurePercentage", "toleratedFailureCount")

#: The Map Runs that this server runs, by their ARNs.
_active: dict[str, "MapRun"] = {}


def install() -> None:
    """Completes the operations."""
    find_original(stepfunctions, "_map_runs")
    wrap(stepfunctions, "_describe_map_run", _describe)
    wrap(stepfunctions, "_update_map_run", _update)
    wrap(stepfunctions, "_stop_execution", _stop_execution)


class MapRun:
    """A Map Run.

    Args:
        record: What is saved of it: what DescribeMapRun answers, and behind an underscore what it does not.
    """

    def __init__(self, record: Document) -> None:
        self.record = record
        #: Told of each change of a count or a setting; whoever changes one holds it.
        self.changed = threading.Condition()
        #: Number of the event in the history of its execution with which it began.
        self.event = 0

    @property
    def is_express(self) -> bool:
        """Whether its executions are Express ones."""
        return bool(self.record["_type"] == "EXPRESS")

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.record["mapRunArn"])

    @property
    def name(self) -> str:
        """The last part of its ARN, under which its results are written."""
        return self.arn.rpartition(":")[2]

    def find_child(self, index: int) -> Document | None:
        """Returns the execution of the input of a number; None where it has not been started."""
        child: Document | None = stepfunctions._executions.get(self.name_arn(index))
        return child

    def name_arn(self, index: int) -> str:
        """Returns the ARN of the execution of the input of a number."""
        kind = "express" if self.is_express else "execution"
        place = self.record["_stateMachineArn"].replace(":stateMachine:", f":{kind}:")
        return f"{place}:{self.name_child(index)}"

    def name_child(self, index: int) -> str:
        """Returns the name of the execution of the input of a number; the same one each time."""
        name = uuid.uuid5(uuid.UUID(self.name), str(index))
        return f"{name}:{uuid.uuid5(name, '')}" if self.is_express else str(name)

    def count(self, items: int, before: str, after: str) -> None:
        """Counts an execution and its items as another state than before."""
        with self.changed:
            for counts, number in (("itemCounts", items), ("executionCounts", 1)):
                self.record[counts][before] -= number
                self.record[counts][after] += number
            self.changed.notify_all()

    def settle(self) -> None:
        """Makes the executions that still wait for a redrive what they were before it."""
        for index, items, _ in Spool(self.name).read():
            child = self.find_child(index)
            if child is not None and child["status"] == "PENDING_REDRIVE":
                child["status"] = child.pop("formerStatus")
                self.count(items, "pendingRedrive", COUNTED[child["status"]])

    def recount(self) -> None:
        """Counts anew what has become of each input, as long as they are kept."""
        written = set(self.record.get("_written", []))
        executions, items = Spool(self.name).measure()
        ways = self.record["itemCounts"], self.record["executionCounts"]
        for counts, total in zip(ways, (items, executions), strict=True):
            counts.update(dict.fromkeys(COUNTS, 0), total=total, pending=total)
        for index in range(executions):
            if (child := self.find_child(index)) is None:
                continue
            for counts, number in zip(ways, (child["itemCount"], 1), strict=True):
                counts["pending"] -= number
                counts[COUNTED[child["status"]]] += number
                if index in written:
                    counts["resultsWritten"] += number

    def count_written(self, items: int, executions: int) -> None:
        """Counts results that were written."""
        with self.changed:
            self.record["itemCounts"]["resultsWritten"] += items
            self.record["executionCounts"]["resultsWritten"] += executions

    def exceeds_tolerance(self) -> bool:
        """Returns whether more items have failed than are tolerated."""
        counts = self.record["itemCounts"]
        # Those that somebody stopped do not count.
        failed = counts["failed"] + counts["timedOut"]
        tolerated = self.record["_tolerated"]
        if not tolerated:
            return bool(failed)
        share = self.record["toleratedFailurePercentage"] / 100 * counts["total"]
        return ("toleratedFailureCount" in tolerated and failed > self.record["toleratedFailureCount"]) or (
            "toleratedFailurePercentage" in tolerated and failed > share
        )

    def activate(self) -> None:
        """Lets others know that this server runs it."""
        _active[self.arn] = self
        self._count_open()

    def end(self, status: str) -> None:
        """Ends it with a status."""
        with self.changed:
            self.record.update(status=status, stopDate=now_iso())
            _active.pop(self.arn, None)
            self.changed.notify_all()
        self._count_open()

    def _count_open(self) -> None:
        place = self.arn.split(":")[3:5]
        count_map_runs(sum(arn.split(":")[3:5] == place for arn in list(_active)))

    def await_end(self) -> None:
        """Waits until it has ended, which it has not at once when the execution of its state is stopped."""
        with self.changed:
            self.changed.wait_for(lambda: self.arn not in _active)


def begin(execution: Document, label: str, kind: str, settings: Document, tolerated: list[str]) -> MapRun:
    """Begins a Map Run.

    Args:
        execution: The execution whose Map state it is of.
        label: The state's label.
        kind: The type of its executions: STANDARD or EXPRESS.
        settings: Its maxConcurrency, toleratedFailurePercentage and toleratedFailureCount.
        tolerated: Which of the latter two the state defines.
    """
    _, _, _, region, account, _, machine = execution["stateMachineArn"].split(":", 6)
    name = f"{machine.partition('/')[0]}/{label}"
    record = {
        "mapRunArn": f"arn:aws:states:{region}:{account}:mapRun:{name}:{uuid.uuid4()}",
        "executionArn": execution["executionArn"],
        "status": "RUNNING",
        "startDate": now_iso(),
        **settings,
        "itemCounts": dict.fromkeys(COUNTS, 0),
        "executionCounts": dict.fromkeys(COUNTS, 0),
        "redriveCount": 0,
        "_stateMachineArn": f"arn:aws:states:{region}:{account}:stateMachine:{name}",
        "_tolerated": tolerated,
        "_type": kind,
    }
    run = MapRun(record)
    run.activate()
    stepfunctions._map_runs[run.arn] = record
    return run


def find(arn: str) -> MapRun | None:
    """Returns a Map Run by its ARN; None where there is none."""
    record = stepfunctions._map_runs.get(arn)
    if record is None:
        return None
    run = _active.get(arn) or MapRun(record)
    if record["status"] == "RUNNING" and arn not in _active:
        # The server was stopped while it ran, and its executions have failed.
        record.update(status="FAILED", stopDate=now_iso())
        if Spool(run.name).exists():
            run.settle()
            run.recount()
    return run


def _describe(describe: Any, request: Document) -> Any:
    find(request.get("mapRunArn", ""))
    return describe(request)


def _stop_execution(stop: Any, request: Document) -> Any:
    """Tells in the history of an execution that its Map Runs are aborted, and has them stop at once."""
    runs = [
        run for run in list(_active.values()) if run.record["executionArn"] == request.get("executionArn")
    ]
    for run in runs:
        # A thread of its own has this history's next event: what comes next here does not follow.
        copy_context().run(_tell_abort, run)
    response = stop(request)
    for run in runs:
        with run.changed:
            run.changed.notify_all()
    return response


def _tell_abort(run: MapRun) -> None:
    execution = stepfunctions._executions[run.record["executionArn"]]
    follow(execution, run.event)
    add(execution, "MapRunAborted")


def _update(update: Any, request: Document) -> Any:
    run = find(request.get("mapRunArn", ""))
    if run is None:
        return update(request)
    with run.changed:
        response = update(request)
        run.record["_tolerated"] = sorted({*run.record["_tolerated"], *(request.keys() & set(SETTINGS[1:]))})
        run.changed.notify_all()
    return response
