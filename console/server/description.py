"""Describes one execution as the page shows it, with what became of its photo since."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from console.executions.history import Executions
from console.outcomes.table import Outcomes
from console.reviews.errors import TableBusy
from console.server.aws_console import link_execution
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow.places import identify_photo


class Description:
    """Describes the executions of one deployment."""

    def __init__(self, deployment: Deployment, executions: Executions, outcomes: Outcomes) -> None:
        self._deployment = deployment
        self._executions = executions
        self._outcomes = outcomes

    def describe(self, name: str) -> dict[str, Any]:
        """Returns all that is shown of an execution.

        Raises:
            NoExecution: There is none of this name.
        """
        return {
            **self.describe_changing(name),
            "graph": self._executions.read_graph(name),
            "link": link_execution(self._deployment, name),
        }

    def describe_changing(self, name: str) -> dict[str, Any]:
        """Returns what can change of it while it runs.

        Raises:
            NoExecution: There is none of this name.
        """
        execution = self._executions.describe(name)
        try:
            kept = None if execution["outcome"] == "running" else self._find_kept(execution)
        except TableBusy as error:
            kept = {"fault": str(error)}
        return {**execution, "kept": kept}

    def _find_kept(self, execution: Mapping[str, Any]) -> dict[str, Any] | None:
        """Returns what the table keeps of an execution's photo; None if there is nothing, or no table."""
        with suppress(NotDeployed):
            for photo in name_photos(execution):
                if kept := self._outcomes.find(photo):
                    return kept
        return None


def name_photos(execution: Mapping[str, Any]) -> list[str]:
    """Returns the ids under which the table may keep the photo of an execution, the likeliest first.

    Args:
        execution: What ``Executions.describe`` returns.
    """
    # An upload's execution has the photo's id for its name; the input, or what serialize has read, tells of
    # any other. A photo of no version is kept under its execution.
    names = [execution["id"]]
    documents = [execution["input"], *(state["output"] for state in execution["states"])]
    for fields in documents:
        located = (
            [fields.get(name) for name in ("s3_bucket", "s3_key", "s3_version")]
            if isinstance(fields, dict)
            else [None]
        )
        if all(isinstance(value, str) and value for value in located):
            return [*names, identify_photo(*located)]
    return names
