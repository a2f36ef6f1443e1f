"""Measures how long a newcomer waits for the first routed photo: ``python -m benchmarks.fresh_clone``.

Clones this repository's last commit into a temporary folder, with a home and caches of its own, and runs
``make demo`` there, then ``make down``, and both again. The pictures are the archive of CIFAR-100 that
SCONES_CIFAR100 names, else a generated stand-in. A package index or a proxy is what the environment names
(PIP_CONFIG_FILE, NPM_CONFIG_USERCONFIG and others): the files of the caller's home are not read. Setting up,
which is downloads and their unpacking, is told apart from the rest, and each line that begins a step with its
second. The demo takes the embedded cloud's usual port: none may be up.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import boto3

from benchmarks.environment import REPOSITORY
from benchmarks.rows import Row, print_report
from data_staging.sample import write_sample
from lambdas.workflow.places import parameter

ARCHIVE = "SCONES_CIFAR100"
# Lines that begin or end a step of the demo.
STEP = re.compile(
    r"(Installing|Pictures:|up at|Deploying|Bootstrapped|Deployed:|Unchanged:|Staged|Routing|Accuracy|Report|"
    r"  training: (this|takes|epoch)|Before these|make down)"
)
SET_UP = "Pictures:"
"""The line that comes first once all is installed."""
# Of a path the report keeps the last part: the rest tells about this machine alone.
FOLDERS = re.compile(r"(?<![\w:/.])/(?:[^\s/,)]+/)*")


@dataclass
class Demo:
    """One run of the demo; all times are seconds from its begin, the clone included.

    Attributes:
        set_up: Until all was downloaded and installed.
        first_photo: Until the first photo was routed.
        whole: Until the demo ended.
        steps: When each step was told, and how.
    """

    set_up: float = 0.0
    first_photo: float = 0.0
    whole: float = 0.0
    steps: list[tuple[float, str]] = field(default_factory=list)


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1, help="clones, one after the other")
    options = parser.parse_args()
    demos = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            demos.append(measure_clone(Path(folder)))
    fresh, again = zip(*demos, strict=True)
    print_report(
        [
            Row("a fresh clone's first routed photo", "s", [demo.first_photo for demo in fresh], at_most=300),
            Row("the same once more, after make down", "s", [demo.first_photo for demo in again], at_most=40),
        ],
        pictures="CIFAR-100" if os.environ.get(ARCHIVE) else "a generated stand-in",
        fresh=[asdict(demo) for demo in fresh],
        again=[asdict(demo) for demo in again],
    )
    return 0


def measure_clone(folder: Path) -> tuple[Demo, Demo]:
    """Returns a clone's first demo and its second; ends what they started."""
    environment = isolate(os.environ, folder / "home")
    archive = os.environ.get(ARCHIVE)
    if not archive:
        write_sample(folder / "stand-in.tar.gz")
    environment["ARCHIVE"] = archive or str(folder / "stand-in.tar.gz")
    clone = folder / "clone"
    begin = time.time()
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)  # noqa: S607
    first = run_demo(clone, environment, begin)
    return first, run_demo(clone, environment, time.time())


def isolate(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Returns an environment with a home and caches of its own, and nothing of this project or of make's."""
    left_out = re.compile(r"VIRTUAL_ENV|PYTHON|AWS_|MAKE|MFLAGS|SCONES_|IMAGES$|CDK_")
    kept = {name: value for name, value in environment.items() if not left_out.match(name)}
    path = [entry for entry in kept["PATH"].split(os.pathsep) if REPOSITORY not in Path(entry).parents]
    folders = {
        "HOME": home,
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "PIP_CACHE_DIR": home / ".cache" / "pip",
        "npm_config_cache": home / ".npm",
    }
    home.mkdir(parents=True)
    return kept | {"PATH": os.pathsep.join(path)} | {name: str(value) for name, value in folders.items()}


def run_demo(clone: Path, environment: dict[str, str], begin: float) -> Demo:
    """Runs ``make demo``, then ``make down``; prints the demo's lines with their seconds.

    Raises:
        SystemExit: The demo failed, or routed no photo.
    """
    demo = Demo()
    try:
        with subprocess.Popen(
            ["make", "demo"],  # noqa: S607
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            note_steps(demo, process.stdout or (), begin)
        demo.whole = time.time() - begin
        if process.returncode:
            sys.exit("make demo failed, see above")
        demo.first_photo = find_first_routed(clone, environment, begin) - begin
    finally:
        subprocess.run(["make", "down"], cwd=clone, env=environment, check=False, stdout=sys.stderr)  # noqa: S607
    return demo


def note_steps(demo: Demo, lines: Iterable[str], begin: float) -> None:
    """Notes when each step of a demo is told."""
    for line in lines:
        seconds, text = time.time() - begin, line.rstrip("\n")
        print(f"{seconds:7.1f} {text}", file=sys.stderr, flush=True)
        if STEP.match(text):
            demo.steps.append((round(seconds, 1), FOLDERS.sub("", text)))
        if text.startswith(SET_UP):
            demo.set_up = seconds


def find_first_routed(clone: Path, environment: dict[str, str], begin: float) -> float:
    """Returns when the first photo was routed since ``begin``, both as seconds of the epoch.

    Raises:
        SystemExit: None was.
    """
    script = 'source .venv/bin/activate; eval "$(python -m local env)"; env -0'
    shown = subprocess.run(
        ["bash", "-c", script],  # noqa: S607
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    cloud = dict(entry.split("=", 1) for entry in shown.split("\0") if entry)
    session = boto3.Session(
        region_name=cloud["AWS_REGION"],
        aws_access_key_id=cloud["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud["AWS_SECRET_ACCESS_KEY"],
    )
    ssm = session.client("ssm", endpoint_url=cloud["AWS_ENDPOINT_URL"])
    step_functions = session.client("stepfunctions", endpoint_url=cloud["AWS_ENDPOINT_URL"])
    name = json.loads((clone / "cdk.json").read_text())["context"]["scones"]["name"]
    machine = ssm.get_parameter(Name=parameter(name, "state-machine"))["Parameter"]["Value"]
    pages = step_functions.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="SUCCEEDED"
    )
    since = datetime.fromtimestamp(begin, UTC)
    executions = (execution for page in pages for execution in page["executions"])
    ends = [execution["stopDate"] for execution in executions if execution["startDate"] >= since]
    if not ends:
        sys.exit("no photo was routed")
    return float(min(ends).timestamp())


if __name__ == "__main__":
    sys.exit(main())
