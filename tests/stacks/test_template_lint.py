"""cfn-lint finds nothing in the templates."""

import subprocess
import sys
from pathlib import Path

from tests.stacks.synthesis import STACKS, Assembly


def test_cfn_lint_finds_nothing(
    assembly: Assembly, otherwise_set: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    templates = [
        str(made.folder / f"{name}-{stack}.template.json")
        for made, name in ((assembly, "scones"), (otherwise_set, "other"))
        for stack in STACKS
    ]
    templates.append(str(with_artifact.folder / "scones-training.template.json"))
    for stack in ("endpoint", "workflow", "monitoring"):
        templates.append(str(with_auto.folder / f"scones-{stack}.template.json"))
    linted = subprocess.run(
        # W3005: the CDK spells out dependencies that a reference implies.
        [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", "W3005", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
