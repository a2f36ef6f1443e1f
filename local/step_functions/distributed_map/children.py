"""The executions of a Map Run, one for each input; each runs the state's ``ItemProcessor``.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from contextvars import copy_context
from typing import Any

from ministack.core.responses import json_response, now_iso
from ministack.services import stepfunctions

from local.patching import find_original, wrap
from local.step_functions.distributed_map.map_runs import MapRun
from local.step_functions.redrive import begin_redrive, find_fault
from local.step_functions.runs import find_revision

Document = dict[str, Any]


def install() -> None:
    """Lets what they run be described."""
    for used in ("_emit_execution_status_event", "_stop_execution"):
        find_original(stepfunctions, used)
    wrap(stepfunctions, "_describe_state_machine_for_execution", _describe_machine)


def make_child(run: MapRun, index: int, items: int, given: str, parent: Document) -> Document:
    """Makes the execution of one input.

    Args:
        run: The Map Run.
        index: The input's number.
        items: How many items it has.
        given: The input as JSON.
        parent: The execution whose state the Map Run is of.
    """
    begun = now_iso()
    role = (find_revision(parent) or {})["roleArn"]
    child = {
        "executionArn": run.name_arn(index),
        "stateMachineArn": run.record["_stateMachineArn"],
        "mapRunArn": run.arn,
        "itemCount": items,
        "name": run.name_child(index),
        "status": "RUNNING",
        "startDate": begun,
        "stopDate": None,
        "input": given,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "testCase": "",
        "mockAttempts": {},
        # Express executions tell EventBridge nothing.
        "sync": run.is_express,
        "revision": parent["revision"],
        "progress": {},
        "events": [
            {
                "id": 1,
                "type": "ExecutionStarted",
                "timestamp": begun,
                "executionStartedEventDetails": {"input": given, "roleArn": role},
            }
        ],
    }
    stepfunctions._executions[child["executionArn"]] = child
    stepfunctions._emit_execution_status_event(child)
    return child


def is_redrivable(run: MapRun, child: Document) -> bool:
    """Returns whether an execution that has ended without success may run again."""
    return run.is_express or find_fault(child, child["status"]) is None


def redrive_child(run: MapRun, index: int, child: Document, parent: Document) -> Document:
    """Has an execution run again: a standard one from where it failed, an Express one from its first state.

    Args:
        run: The Map Run.
        index: The number of its input.
        child: The execution.
        parent: The execution whose state the Map Run is of.

    Returns:
        The execution, ready to be run on this thread.
    """
    if run.is_express:
        return make_child(run, index, child["itemCount"], child["input"], parent)
    begin_redrive(child)
    return child


def stop_child(child: Document) -> None:
    """Stops an execution if it runs."""
    if child["status"] == "RUNNING":
        # What comes next in this thread's own history does not follow from it.
        copy_context().run(stepfunctions._stop_execution, {"executionArn": child["executionArn"]})


def _describe_machine(describe: Any, request: Document) -> Any:
    child = stepfunctions._executions.get(request.get("executionArn")) or {}
    if "mapRunArn" not in child or (revision := find_revision(child)) is None:
        return describe(request)
    name = child["stateMachineArn"].rpartition(":")[2]
    described = {
        "stateMachineArn": child["stateMachineArn"],
        "name": name,
        "definition": revision["definition"],
        "roleArn": revision["roleArn"],
        "updateDate": child["startDate"],
        "mapRunArn": child["mapRunArn"],
        "label": name.partition("/")[2],
    }
    return json_response(described)
