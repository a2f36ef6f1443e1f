"""How the CDK's commands are measured."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.rivals.bare_app import STACKS
from benchmarks.synthesis import BARE, DEPLOY, HERE, compare
from tests.end_to_end.embedded_cloud import EmbeddedCloud

APPS = {HERE: ["--context", "name=here"], BARE: ["--app", "bare"]}


class Cloud(EmbeddedCloud):
    """Answers for the CDK CLI, and notes what was asked."""

    def __init__(self, answer: str, status: int = 0) -> None:
        super().__init__(Path("home"))
        self.answer, self.status = answer, status
        self.commands: list[tuple[str, ...]] = []

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        return subprocess.CompletedProcess(command, self.status, self.answer, "")


def test_both_apps_are_deployed_in_turns(tmp_path: Path) -> None:
    cloud = Cloud("a (no changes)\n" * STACKS)
    seconds = compare(cloud, DEPLOY, APPS, tmp_path, 2)
    assert {app: len(each) for app, each in seconds.items()} == {HERE: 2, BARE: 2}
    turns = [HERE if "name=here" in command else BARE for command in cloud.commands]
    assert turns == [HERE, BARE, BARE, HERE]


def test_a_deploy_that_changes_something_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="changed something"):
        compare(Cloud("a (no changes)\n"), DEPLOY, APPS, tmp_path, 1)


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="cdk synth failed: no such app"):
        compare(Cloud("no such app", 1), ("synth",), APPS, tmp_path, 1)
