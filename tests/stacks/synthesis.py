"""The app synthesised in this process, and what the templates say, for the tests of this folder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from app import build

REPOSITORY = Path(__file__).resolve().parents[2]
CONTEXT = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
STACKS = ("storage", "training", "endpoint", "workflow", "uploads", "batch", "monitoring")


@dataclass(frozen=True)
class Assembly:
    """What synthesis wrote.

    Attributes:
        folder: The cloud assembly.
        templates: By the last part of the stack's name.
        violations: Findings of cdk-nag's AwsSolutions pack, as (rule, path of the construct).
    """

    folder: Path
    templates: dict[str, dict[str, Any]]
    violations: list[tuple[str, str]]

    def resources(self, stack: str, resource_type: str) -> dict[str, dict[str, Any]]:
        """Returns the stack's resources of a type, by logical id."""
        resources = self.templates[stack]["Resources"]
        return {name: r for name, r in resources.items() if r["Type"] == resource_type}

    def only(self, stack: str, resource_type: str) -> dict[str, Any]:
        """Returns the properties of the stack's one resource of a type."""
        (resource,) = self.resources(stack, resource_type).values()
        return dict(resource.get("Properties", {}))


def synthesise(folder: Path, **settings: Any) -> Assembly:
    """Synthesises the app with cdk.json's settings and those given, unless that was done into the folder."""
    if not (folder / "manifest.json").exists():
        app = cdk.App(outdir=str(folder), context={**CONTEXT, **settings})
        build(app)
        app.synth()
    return _read(folder, settings.get("name", CONTEXT["scones"]["name"]), [])


def synthesise_and_check(folder: Path, **settings: Any) -> Assembly:
    """Does what ``synthesise`` does, and runs cdk-nag on the app."""
    if not (folder / "manifest.json").exists():
        app = cdk.App(outdir=str(folder), context={**CONTEXT, **settings})
        build(app)
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        # Findings make it fail once all is written; a test judges them.
        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    violations = [
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]
    return _read(folder, CONTEXT["scones"]["name"], violations)


def _read(folder: Path, name: str, violations: list[tuple[str, str]]) -> Assembly:
    templates = {
        stack: json.loads((folder / f"{name}-{stack}.template.json").read_text()) for stack in STACKS
    }
    return Assembly(folder, templates, violations)
