"""Keeps each execution of a state machine in a file of its own: they are many, and stay as they ended."""

import copy
import hashlib
import json
import logging
import threading
from pathlib import Path
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import stepfunctions

from local.patching import find_original, replace, wrap
from local.saving.saver import note_change

Execution = dict[str, Any]

OTHER_STORES = (
    "state_machines",
    "tags",
    "activities",
    "state_machine_versions",
    "state_machine_aliases",
    "map_runs",
)
"""What MiniStack's state of Step Functions holds beside the executions."""
PARTS = 16
ERROR = "States.Runtime"
CAUSE = "The embedded cloud was stopped while the execution ran. Please redrive it."

_logger = logging.getLogger("persistence")


class ExecutionFiles:
    """The files of all executions.

    Args:
        folder: Where they lie; made when there is one to write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: How far each execution was when it was written, by its ARN; None where more will follow at once.
        self.written: dict[str, tuple[str, int] | None] = {}
        #: One for each part of the executions, so that many can be written at once, and each by one thread.
        self.locks = [threading.Lock() for _ in range(PARTS)]

    def install(self) -> None:
        """Writes an execution when it begins and ends, and what it does meanwhile with the other states."""
        stores = {name: find_original(stepfunctions, f"_{name}") for name in OTHER_STORES}

        def copy_state() -> dict[str, Any]:
            self.write_changed()
            return copy.deepcopy(stores)

        def add_event(add: Any, execution: Execution, *event: Any) -> Any:
            if execution["status"] != "RUNNING":
                # Before its last event, which is told to others first: its end can be seen already.
                self._write(execution, None)
            note_change("stepfunctions")
            return add(execution, *event)

        def tell_status(tell: Any, execution: Execution) -> None:
            self._write(execution, None)
            tell(execution)

        replace(stepfunctions, "get_state", copy_state)
        wrap(stepfunctions, "_add_event", add_event)
        wrap(stepfunctions, "_emit_execution_status_event", tell_status)
        find_original(stepfunctions, "_fail_execution")
        find_original(stepfunctions, "_executions")

    def write_changed(self) -> None:
        """Writes what has changed since it was written, and takes away what was deleted."""
        # Before the executions are listed: one that begins now is written and not in the list.
        known = set(self.written)
        executions = {key[-1]: execution for key, execution in stepfunctions._executions.all_items()}
        for arn, execution in executions.items():
            measure = _measure(execution)
            if self.written.get(arn) != measure:
                self._write(execution, measure)
        for arn in known - executions.keys():
            self._find_path(arn).unlink(missing_ok=True)
            del self.written[arn]

    def load(self) -> None:
        """Takes all executions back; those that ran have failed."""
        for path in self.folder.glob("*.json"):
            try:
                execution = json.loads(path.read_bytes())
                scope = _find_scope(execution["executionArn"])
            except (OSError, ValueError, LookupError, TypeError) as error:
                # The machine lost its power before the file was on its disk.
                _logger.warning("%s holds no execution: %r", path, error)
                continue
            stepfunctions._executions.set_scoped(*scope, execution["executionArn"], execution)
            self.written[execution["executionArn"]] = _measure(execution)
        for (account, region, _arn), execution in stepfunctions._executions.all_items():
            if execution["status"] == "RUNNING":
                with request_scope(account, region):
                    stepfunctions._fail_execution(execution, ERROR, CAUSE)

    def _write(self, execution: Execution, measure: tuple[str, int] | None) -> None:
        path = self._find_path(execution["executionArn"])
        with self.locks[hash(path) % PARTS]:
            new = path.with_suffix(".new")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                new.write_text(json.dumps(execution))
                new.replace(path)
            except OSError as error:
                # It goes on without; the next change tries again.
                _logger.error("the execution %s cannot be saved: %s", execution["executionArn"], error)
                measure = None
            self.written[execution["executionArn"]] = measure

    def _find_path(self, arn: str) -> Path:
        return self.folder / f"{hashlib.sha256(arn.encode()).hexdigest()[:32]}.json"


def _measure(execution: Execution) -> tuple[str, int]:
    return execution["status"], len(execution["events"])


def _find_scope(arn: str) -> tuple[str, str]:
    """Returns the account and the region of an ARN."""
    _, _, _, region, account, *_ = arn.split(":")
    return account, region
