"""What a run of an execution is bound to: its own threads, and the state machine as it was at the start.

Redriven, an execution runs again, while a task of the former run may not have come back yet.
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import hashlib
from contextvars import ContextVar, Token
from typing import Any

from ministack.services import stepfunctions

from local.patching import find_original, replace, wrap
from local.step_functions.distributed_map.definition import narrow

Document = dict[str, Any]
DEFINED = ("definition", "roleArn")
"""What of a state machine an execution keeps to, whatever it is updated to meanwhile."""

#: ARN of the execution that runs on this thread, and how often it had been redriven when it began to.
_run: ContextVar[tuple[str, int]] = ContextVar("run of an execution", default=("", 0))


def install() -> None:
    """Keeps what a state machine was with it when it is updated, and shows that to nobody."""
    internal = find_original(stepfunctions, "_SM_INTERNAL_KEYS")
    replace(stepfunctions, "_SM_INTERNAL_KEYS", internal | {"revisions"})
    wrap(stepfunctions, "_update_state_machine", _update_state_machine)


def enter_run(execution: Document) -> Token[tuple[str, int]]:
    """Binds this thread, and those that it starts, to the present run of an execution."""
    return _run.set((execution["executionArn"], execution.get("redriveCount", 0)))


def leave_run(token: Token[tuple[str, int]]) -> None:
    """Binds this thread to what it was bound to before."""
    _run.reset(token)


def is_running(execution: Document) -> bool:
    """Returns whether an execution runs, and not by another run than the one of this thread."""
    arn, redriven = _run.get()
    current = arn != execution["executionArn"] or redriven == execution.get("redriveCount", 0)
    return execution["status"] == "RUNNING" and current


def find_revision(execution: Document) -> Document | None:
    """Returns definition and role with which an execution began; None where the state machine is gone."""
    machine = find_machine(execution)
    label = execution["stateMachineArn"].partition("/")[2]
    revision: Document | None = machine
    if machine and execution.get("revision", _name_revision(machine)) != _name_revision(machine):
        revision = machine.get("revisions", {}).get(execution["revision"])
    if revision and label:
        # The executions of a distributed Map state run a part of what their state machine defines.
        return {**revision, "definition": narrow(revision["definition"], label)}
    return revision


def find_machine(execution: Document) -> Document | None:
    """Returns the state machine that an execution is of, itself or by a Map Run; None where it is gone."""
    arn = execution["stateMachineArn"].partition("/")[0]
    machine: Document | None = stepfunctions._state_machines.get(arn)
    return machine


def begin_with_revision(execution: Document) -> Document | None:
    """Has an execution keep to what its state machine is when it first runs; returns that."""
    machine = find_machine(execution)
    if machine is not None:
        execution.setdefault("revision", _name_revision(machine))
    return find_revision(execution)


def _name_revision(machine: Document) -> str:
    return hashlib.sha256("\n".join(machine[name] for name in DEFINED).encode()).hexdigest()[:16]


def _update_state_machine(update: Any, request: Document) -> Any:
    machine = stepfunctions._state_machines.get(request.get("stateMachineArn"))
    if machine is not None:
        former = {name: machine[name] for name in DEFINED}
        machine.setdefault("revisions", {})[_name_revision(machine)] = former
    return update(request)
