"""Tells EventBridge of each change of an execution's status, with what a redrive makes of it.

MiniStack's events say that no execution was ever redriven, and none can be that was stopped or timed out.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

import json
import logging
from typing import Any

from ministack.services import eventbridge, stepfunctions

from local.patching import find_original, replace
from local.step_functions.redrive import describe_redrive

TYPE = "Step Functions Execution Status Change"
DATA_BYTES = 248 * 1024
"""The most that an event holds of an input or an output."""
FIELDS = ("executionArn", "stateMachineArn", "name", "status")
DATES = ("startDate", "stopDate", "redriveDate")

_logger = logging.getLogger("states")


def install() -> None:
    """Replaces MiniStack's events."""
    replace(stepfunctions, "_emit_execution_status_event", emit)
    find_original(stepfunctions, "_iso_to_epoch_ms")
    find_original(eventbridge, "_put_events")


def emit(execution: dict[str, Any]) -> None:
    """Puts the event of an execution's present status on the default bus; Express workflows tell none."""
    if execution.get("sync"):
        return
    detail = {
        **{name: execution[name] for name in FIELDS},
        **_select_data("input", execution["input"]),
        **_select_data("output", execution["output"] if execution["status"] == "SUCCEEDED" else None),
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveStatusReason": None,
        **describe_redrive(execution, execution["status"]),
        **{name: execution.get(name) or None for name in ("error", "cause")},
        **{name: stepfunctions._iso_to_epoch_ms(execution.get(name)) for name in DATES},
    }
    entry = {"Source": "aws.states", "DetailType": TYPE, "Detail": json.dumps(detail)}
    try:
        told = {"Entries": [{**entry, "Resources": [execution["executionArn"]]}]}
        eventbridge._put_events(told, allow_aws_source=True)
    except Exception:  # an execution goes on, whoever cannot be told of it
        _logger.warning("no event tells of %s", execution["executionArn"], exc_info=True)


def _select_data(name: str, data: str | None) -> dict[str, Any]:
    if data is None:
        return {name: None, f"{name}Details": None}
    included = len(data) <= DATA_BYTES
    return {name: data if included else None, f"{name}Details": {"included": included}}
