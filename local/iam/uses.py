"""Notes which permission of a role has allowed anything, for whoever wants to know which are never used.

Where the environment variable VARIABLE names a file, each role's permissions are lines of it, one for an
action and a resource as its policies name them: ``allowed`` from when the role first acts, ``used`` from when
something is first allowed by it.
"""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator

from local.patching import find_original, wrap

VARIABLE = "SCONES_PERMISSION_USES"

Permission = tuple[str, str, str]
"""Name of the role, action and resource, the last two as a policy has them."""


class Uses:
    """The file of permissions; several servers may write to one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._written: set[tuple[str, Permission]] = set()

    def note(self, evaluate: Any, context: Any, policies: list[list[Any]], *limits: Any) -> Any:
        """Evaluates a request as IAM does; notes what has allowed it."""
        result = evaluate(context, policies, *limits)
        if context.principal_type == "AssumedRole":
            role = context.principal_arn.split("/")[1]
            statements = [each for policy in policies for each in policy if each.effect == "Allow"]
            self._write("allowed", _list_permissions(role, statements))
            if result.decision == "Allow":
                self._write("used", _list_used(role, statements, context))
        return result

    def _write(self, kind: str, permissions: Iterator[Permission]) -> None:
        with self._lock:
            new = [each for each in permissions if (kind, each) not in self._written]
            if not new:
                return
            self._written.update((kind, each) for each in new)
            with self._path.open("a") as opened:
                opened.writelines(
                    json.dumps({"kind": kind, "role": role, "action": action, "resource": resource}) + "\n"
                    for role, action, resource in new
                )


def install() -> None:
    """Notes permissions where that is asked for."""
    for used in ("fnmatch_iam", "fnmatch_iam_cs", "_conditions_met"):
        find_original(iam_evaluator, used)
    if path := os.environ.get(VARIABLE):
        wrap(iam_evaluator, "evaluate", Uses(Path(path)).note)


def _list_permissions(role: str, statements: list[Any]) -> Iterator[Permission]:
    for statement in statements:
        for action in statement.actions:
            for resource in statement.resources:
                yield role, action, resource


def _list_used(role: str, statements: list[Any], context: Any) -> Iterator[Permission]:
    for statement in statements:
        if not iam_evaluator._conditions_met(statement.conditions, context):
            continue
        actions = [each for each in statement.actions if iam_evaluator.fnmatch_iam(context.action, each)]
        for resource in statement.resources if actions else ():
            if iam_evaluator.fnmatch_iam_cs(context.resource_arn, resource):
                yield from ((role, action, resource) for action in actions)
