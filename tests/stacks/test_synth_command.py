"""The command line: ``cdk synth`` needs no account, and what is wrong is one line."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def synth(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs ``cdk synth`` as a user without an account would."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [
            str(REPOSITORY / "node_modules" / ".bin" / "cdk"),
            *("synth", "--quiet", "--output", str(output), *arguments),
        ],
        cwd=REPOSITORY,
        env={**kept, "PATH": tools, "CDK_DISABLE_CLI_TELEMETRY": "true", "HOME": str(output.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_synth_needs_no_account_no_region_and_no_credentials(tmp_path: Path) -> None:
    done = synth(tmp_path / "out", "-c", "name=elsewhere")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*.template.json")) == [
        f"elsewhere-{stack}.template.json"
        for stack in ("batch", "endpoint", "monitoring", "storage", "training", "uploads", "workflow")
    ]


def test_a_wrong_setting_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = synth(tmp_path / "out", "-c", "accuracy_gate=2")
    assert done.returncode == 1
    line = "Setting 'accuracy_gate' is \"2\": it must be a number from 0 to 1"
    assert line in done.stderr.splitlines()
    assert "Traceback" not in done.stderr + done.stdout
