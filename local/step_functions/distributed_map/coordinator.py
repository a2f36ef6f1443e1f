"""Runs the executions of a Map Run, as many at a time as it may, and ends it early where it must."""

import threading
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

from ministack.services import stepfunctions

from local.step_functions.distributed_map.children import make_child, redrive_child, stop_child
from local.step_functions.distributed_map.map_runs import COUNTED, MapRun
from local.step_functions.distributed_map.results import ERROR, ResultWriter
from local.step_functions.runs import is_running

Document = dict[str, Any]
THREADS = 64
"""The most executions of a Map Run that run at a time. AWS runs up to 10,000; here each takes a thread."""
PAUSE_SECONDS = 0.2
"""How often it is looked whether the execution whose state the Map Run is of has timed out."""


class Coordinator:
    """Runs one Map Run.

    Args:
        run: The Map Run.
        parent: The execution whose state it is of.
        writer: Takes the results; None where they stay with the executions.

    Attributes:
        failure: Why results could not be written; None where they could.
        exceeded: Whether more items have failed than were tolerated then.
    """

    def __init__(self, run: MapRun, parent: Document, writer: ResultWriter | None) -> None:
        self._run, self._parent, self._writer = run, parent, writer
        #: Items and execution of each input that runs, or whose result is not handed on yet.
        self._running: dict[int, tuple[int, Document]] = {}
        self._unfinished: set[int] = set()
        self.failure: Exception | None = None
        self.exceeded = False

    def run_all(self, waiting: Iterator[tuple[int, int, str]]) -> None:
        """Runs executions until all have ended, too many have failed, or the parent was ended.

        Args:
            waiting: Number of each input, how many items it has, and the input as JSON. Those that have not
                been started are left in it.
        """
        # Looked at before the next one is taken: one that is taken is started.
        while self._await_room() and (following := next(waiting, None)) is not None:
            self._start(*following)
        with self._run.changed:
            while self._running and not self.must_stop():
                self._run.changed.wait(PAUSE_SECONDS)
            stopped = list(self._running.items())
        if not self._run.is_express:
            # Express executions are waited for.
            for index, (_, child) in stopped:
                stop_child(child)
                self._finish(index)
        with self._run.changed:
            self._run.changed.wait_for(lambda: not self._running)
        self.must_stop()

    def must_stop(self) -> bool:
        """Returns whether no more executions may run."""
        self.exceeded = self.exceeded or self._run.exceeds_tolerance()
        return bool(self.failure) or self.exceeded or not is_running(self._parent)

    def _await_room(self) -> bool:
        with self._run.changed:
            while not self.must_stop():
                if len(self._running) < min(self._run.record["maxConcurrency"] or THREADS, THREADS):
                    return True
                self._run.changed.wait(PAUSE_SECONDS)
        return False

    def _start(self, index: int, items: int, given: str) -> None:
        context = copy_context()
        child = self._run.find_child(index)
        if child is None:
            child, before = make_child(self._run, index, items, given, self._parent), "pending"
        else:
            before = "pendingRedrive"
            child.pop("formerStatus")
            child = context.run(redrive_child, self._run, index, child, self._parent)
        self._running[index] = items, child
        self._unfinished.add(index)
        self._run.count(items, before, "running")
        threading.Thread(target=context.run, args=(self._run_child, index, child), daemon=True).start()

    def _run_child(self, index: int, child: Document) -> None:
        try:
            stepfunctions._run_execution(child["executionArn"])
        finally:
            self._finish(index)

    def _finish(self, index: int) -> None:
        """Counts an execution that has ended, once, and hands its result on."""
        with self._run.changed:
            if index not in self._unfinished:
                return
            self._unfinished.remove(index)
            items, child = self._running[index]
        try:
            if self._writer:
                self._writer.add(index, items, child)
        except stepfunctions._ExecutionError as error:
            self.failure = error
        except Exception as error:  # whatever happens, the Map Run comes to its end
            self.failure = stepfunctions._ExecutionError(ERROR, str(error))
        finally:
            with self._run.changed:
                del self._running[index]
                self._run.count(items, "running", COUNTED[child["status"]])
