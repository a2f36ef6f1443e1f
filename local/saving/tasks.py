"""Saves what a state machine's task has changed in another service before the state machine goes on."""

from concurrent.futures import wait
from typing import Any

from ministack.services import stepfunctions

from local.patching import wrap
from local.saving import deliveries, saver
from local.saving.files import name_files
from local.saving.items import WRITES

NOT_SAVED = ("lambda", "states", "sfn")
"""What is saved where it happens: functions make requests of their own, executions have files."""
READING = ("get", "list", "describe", "head", "query", "scan", "batchGet")
"""How the operations begin that change nothing."""
REACHING_QUEUES = ("events", "eventbridge", "sns", "s3")


def install() -> None:
    """Wraps all that tasks call."""
    wrap(stepfunctions, "_invoke_resource", _invoke)


def _invoke(invoke: Any, resource: str, arguments: Any) -> Any:
    events = deliveries.collect()
    result = invoke(resource, arguments)
    services = find_changed(resource)
    operation = resource.rpartition(":")[2]
    if f"{operation[:1].upper()}{operation[1:]}" in WRITES:
        saver.note_change()
        saver.write_items()
    elif services:
        wait(events)
        saver.note_change(*services)
        saver.write_changed(services)
    return result


def find_changed(resource: str) -> list[str]:
    """Returns the files that a task on a resource has changed."""
    parts = resource.partition(":::")[2].split(":")
    service, operation = (parts[-2], parts[-1]) if len(parts) > 1 else ("lambda", "")
    if service in NOT_SAVED or operation.startswith(READING):
        return []
    reached = [deliveries.QUEUES] if service in REACHING_QUEUES else []
    return [*name_files(service), *reached]
