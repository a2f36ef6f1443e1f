"""Adds the Distributed Map to MiniStack."""

from pathlib import Path
from typing import Any

from ministack.services import stepfunctions

from local.patching import wrap
from local.step_functions.distributed_map import children, fields, map_runs, spool
from local.step_functions.distributed_map.definition import find_fault


def install(home: Path) -> None:
    """Adds what the API tells of Map Runs; ``branches`` has the state itself run.

    Args:
        home: Folder of the embedded cloud.
    """
    spool.install(home / "state" / "map_runs")
    wrap(stepfunctions, "_validate_definition_jsonata", _validate)
    for module in (fields, children, map_runs):
        module.install()


def _validate(validate: Any, text: Any) -> str | None:
    """Returns why a definition is refused; whether it is JSON is asked elsewhere."""
    fault: str | None = validate(text)
    try:
        return fault or find_fault(text)
    except (AttributeError, TypeError, ValueError):
        return fault
