"""An embedded cloud of a test's own, and the commands that a user would type at it."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aws_cdk
import boto3

from app import build
from console.destruction.remains import list_remains
from evaluation.deployment import Deployment

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK_POLLING = REPOSITORY / "local" / "quick_polling.cjs"
COMMAND_SECONDS = 600


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class EmbeddedCloud:
    """Starts, asks and stops one embedded cloud through its command line.

    Attributes:
        home: Folder of its state.
        environment: What a shell has after ``eval "$(python -m local env)"``; empty until it is up.
    """

    home: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)

    def local(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs ``python -m local COMMAND`` on this cloud's home."""
        return self.run(sys.executable, "-m", "local", command, "--home", str(self.home), *arguments)

    def up(self) -> None:
        """Starts it and takes its environment over, as a shell would."""
        succeeded(self.local("up", "--port", str(self.port)))
        exports = succeeded(self.local("env")).stdout
        shown = subprocess.run(
            ["bash", "-c", 'eval "$1" && env -0', "bash", exports],
            env=_callers_environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.environment = dict(entry.split("=", 1) for entry in shown.split("\0") if entry)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command from the project's folder in this cloud's environment; the CDK CLI polls quicker."""
        environment = self.environment or _callers_environment()
        if Path(command[0]).name == "cdk":
            environment = {**environment, "NODE_OPTIONS": f"--require={QUICK_POLLING}"}
        return subprocess.run(
            command,
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def client(self, service: str) -> Any:
        """Returns a boto3 client of this cloud."""
        environment = self.environment
        make_client: Any = boto3.client  # The stubs know it by literal names alone.
        return make_client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )


@dataclass
class App:
    """The project's CDK app on an embedded cloud, under a name and settings of the test's own.

    Attributes:
        cloud: Where it is deployed.
        name: The setting ``name``.
        settings: The other settings that differ from their defaults.
        assembly: Folder of what is synthesised.
    """

    cloud: EmbeddedCloud
    name: str
    settings: dict[str, Any]
    assembly: Path

    def cdk(self, command: str, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Runs the real CDK CLI on the app; ``settings`` override those of the app for this once.

        Synthesises once for each choice of settings and deploys what that made, as ``make deploy`` does. That
        happens in this process, where the CDK is loaded once for all.
        """
        cdk = str(REPOSITORY / "node_modules" / ".bin" / "cdk")
        chosen = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in {"name": self.name, **self.settings, **settings}.items()
        }
        assembly = self.assembly / hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:8]
        if not (assembly / "manifest.json").exists():
            context = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
            made = aws_cdk.App(outdir=str(assembly), context={**context, **chosen})
            build(made)
            made.synth()
        return self.cloud.run(cdk, command, "--app", str(assembly), *arguments)

    def deploy(self, *stacks: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Deploys the stacks; all of them where none is named."""
        chosen = [f"{self.name}-{stack}" for stack in stacks] or ["--all"]
        return self.cdk("deploy", "--require-approval", "never", "--ci", *chosen, **settings)

    def stage(self, archive: Path) -> subprocess.CompletedProcess[str]:
        """Stages an archive as a user would."""
        script = str(REPOSITORY / "data_staging" / "stage.py")
        return self.cloud.run(sys.executable, script, "--name", self.name, "--archive", str(archive))

    def console(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs ``python -m console``."""
        return self.cloud.run(sys.executable, "-m", "console", "--name", self.name, *arguments)

    def evaluation(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs ``python -m evaluation``."""
        return self.cloud.run(sys.executable, "-m", "evaluation", "--name", self.name, *arguments)

    def list_remains(self) -> list[str]:
        """Returns what is there of the app, by kind and name, as ``make destroy`` finds it."""
        with patch.dict(os.environ, self.cloud.environment):
            return [f"{remain.what} {remain.name}" for remain in list_remains(Deployment(self.name))]

    def parameter(self, which: str) -> str:
        """Returns the value of ``/{name}/{which}``."""
        ssm = self.cloud.client("ssm")
        return str(ssm.get_parameter(Name=f"/{self.name}/{which}")["Parameter"]["Value"])


def succeeded(completed: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Returns the process if it exited 0; otherwise fails with all that it had printed."""
    assert completed.returncode == 0, f"{completed.args}\n{completed.stdout}\n{completed.stderr}"
    return completed


def execute(app: App, event: dict[str, Any]) -> dict[str, Any]:
    """Runs the state machine on an event; returns how the execution ended, as DescribeExecution tells it."""
    step_functions = app.cloud.client("stepfunctions")
    arn = step_functions.start_execution(
        stateMachineArn=app.parameter("state-machine"), input=json.dumps(event)
    )["executionArn"]
    deadline = time.monotonic() + 120
    while (ended := step_functions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, "the execution does not end"
        time.sleep(0.1)
    return ended


def staged_photo(app: App) -> str:
    """Returns the key of a staged test photo."""
    prefix = f"datasets/{app.parameter('dataset')}/test/"
    listed = app.cloud.client("s3").list_objects_v2(Bucket=app.parameter("bucket"), Prefix=prefix)
    return str(listed["Contents"][0]["Key"])


def photo_event(app: App) -> dict[str, str]:
    """Returns the event that the public solutions of this exercise send."""
    return {"image_data": "", "s3_bucket": app.parameter("bucket"), "s3_key": staged_photo(app)}


def training_jobs(app: App) -> list[dict[str, Any]]:
    """Returns the summaries of the app's training jobs."""
    listed = app.cloud.client("sagemaker").list_training_jobs(NameContains=app.name)
    return list(listed["TrainingJobSummaries"])


def transform_jobs(app: App) -> list[dict[str, Any]]:
    """Returns the summaries of the app's batch transform jobs."""
    listed = app.cloud.client("sagemaker").list_transform_jobs(NameContains=app.name)
    return list(listed["TransformJobSummaries"])


def stack_status(app: App, stack: str) -> str:
    """Returns CloudFormation's status of one of the app's stacks."""
    described = app.cloud.client("cloudformation").describe_stacks(StackName=f"{app.name}-{stack}")
    return str(described["Stacks"][0]["StackStatus"])


def wait_in_service(app: App) -> None:
    """Returns when the endpoint is in service; fails after a minute."""
    app.cloud.client("sagemaker").get_waiter("endpoint_in_service").wait(
        EndpointName=app.parameter("endpoint"), WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def _callers_environment() -> dict[str, str]:
    """Returns the environment before the cloud is known: the project's tools first, trainings repeatable."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PATH": tools, "CDK_DISABLE_CLI_TELEMETRY": "true", "SCONES_SEED": "1"}
