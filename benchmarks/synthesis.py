"""Measures ``cdk synth`` and a deploy of nothing beside a bare CDK app: ``python -m benchmarks.synthesis``.

The rival has as many stacks as ours, a parameter in each. Both are deployed on an embedded cloud of its own,
ours with the tests' small network. First ``cdk synth`` of each app runs in every round, then ``cdk deploy
--all`` of each, which synthesises anew and finds nothing to change. Who comes first changes with the round.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.environment import REPOSITORY
from benchmarks.rivals.bare_app import STACKS
from benchmarks.rows import Row, print_report
from tests.end_to_end import deployed_home
from tests.end_to_end.embedded_cloud import EmbeddedCloud

CDK = str(REPOSITORY / "node_modules" / ".bin" / "cdk")
HERE, BARE = "here", "bare"
DEPLOY = ("deploy", "--all", "--require-approval", "never", "--ci")


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with deployed_home.start_deployed(folder, folder / "home") as cloud:
            apps = {HERE: choose_own_app(), BARE: choose_bare_app()}
            # The rival's first, which makes its stacks; ours finds nothing to change from now on.
            for app, options in apps.items():
                run(cloud, *DEPLOY, *options, "--output", str(folder / app))
            synths = compare(cloud, ("synth", "--quiet"), apps, folder, rounds)
            deploys = compare(cloud, DEPLOY, apps, folder, rounds)
    print_report(
        [
            Row("cdk synth", "s", synths[HERE], synths[BARE], at_most=1.5),
            Row("cdk deploy, nothing changed", "s", deploys[HERE], deploys[BARE], at_most=1.5),
        ]
    )
    return 0


def choose_own_app() -> list[str]:
    """Returns the CDK's options for our app, with the settings that it was deployed with."""
    settings = {"name": deployed_home.NAME, **deployed_home.SETTINGS}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    return [option for key, text in texts.items() for option in ("--context", f"{key}={text}")]


def choose_bare_app() -> list[str]:
    """Returns the CDK's options for the rival."""
    return ["--app", f"{sys.executable} -m benchmarks.rivals.bare_app"]


def compare(
    cloud: EmbeddedCloud,
    command: Sequence[str],
    apps: Mapping[str, Sequence[str]],
    folder: Path,
    rounds: int,
) -> dict[str, list[float]]:
    """Returns the seconds of each round that a command takes for each app.

    Raises:
        SystemExit: A deploy changed something.
    """
    seconds: dict[str, list[float]] = {app: [] for app in apps}
    for number in range(rounds):
        for app in list(apps)[:: -1 if number % 2 else 1]:
            begin = time.perf_counter()
            printed = run(cloud, *command, *apps[app], "--output", str(folder / app))
            seconds[app].append(time.perf_counter() - begin)
            if command is DEPLOY and printed.count("(no changes)") != STACKS:
                sys.exit(f"the deploy of the app {app} changed something")
    return seconds


def run(cloud: EmbeddedCloud, *command: str) -> str:
    """Returns what the CDK CLI prints.

    Raises:
        SystemExit: It failed.
    """
    completed = cloud.run(CDK, *command)
    printed = completed.stdout + completed.stderr
    if completed.returncode:
        sys.exit(f"cdk {command[0]} failed: {printed.strip()[-1000:]}")
    return printed


if __name__ == "__main__":
    sys.exit(main())
