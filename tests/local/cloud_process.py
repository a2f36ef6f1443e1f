"""An embedded cloud of the tests' own, and what they deploy to it."""

import io
import json
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.local.local_client import client

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 60


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def local(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs ``python -m local``."""
    return subprocess.run(
        [sys.executable, "-m", "local", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def processes_of(home: Path) -> list[str]:
    """Returns the command lines of all processes that name a cloud's home."""
    shown = subprocess.run(["ps", "-eww", "-o", "pid,stat,args"], capture_output=True, text=True, check=True)
    return [line for line in shown.stdout.splitlines() if str(home) in line]


def eventually(condition: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Waits until ``condition`` returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not so after {seconds} seconds"
        time.sleep(0.05)
    return found


def zipped(files: dict[str, str]) -> bytes:
    """Returns a zip of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


@dataclass(frozen=True)
class Cloud:
    """A running embedded cloud."""

    home: Path
    port: int

    @property
    def pid(self) -> int:
        """The server's process id."""
        return int(json.loads((self.home / "server.json").read_text())["pid"])

    def client(self, service: str) -> Any:
        """Returns a boto3 client of the account's root, which repeats nothing by itself."""
        return client(service, self.port)

    def role(self, *statements: dict[str, Any]) -> str:
        """Makes a role that functions and state machines may take; returns its ARN."""
        iam = self.client("iam")
        name = f"role-{uuid4().hex[:12]}"
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
        }
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_policy(*statements))
        return str(arn)

    def function(self, code: str | dict[str, str], *, role: str | None = None, **settings: Any) -> str:
        """Deploys a Python function, ``index.handler`` unless the settings say otherwise; returns its ARN.

        Args:
            code: Source of ``index.py``, or sources by file name.
            role: ARN of its role; one that allows nothing by default.
            settings: Further parameters of CreateFunction.
        """
        sources = {"index.py": code} if isinstance(code, str) else code
        settings = {"Handler": "index.handler", "Timeout": 20, **settings}
        created = self.client("lambda").create_function(
            FunctionName=f"function-{uuid4().hex[:12]}",
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role or self.role(),
            Code={"ZipFile": zipped(sources)},
            **settings,
        )
        return str(created["FunctionArn"])

    def invoke(self, function: str, event: Any = None) -> tuple[str | None, Any]:
        """Calls a function; returns the kind of error, if any, and the payload."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def execute(
        self, states: dict[str, Any], start: str, *, role: str | None = None, given: Any = None
    ) -> Any:
        """Runs a JSONata state machine of these states to its end; returns its description."""
        states_api = self.client("stepfunctions")
        machine = states_api.create_state_machine(
            name=f"machine-{uuid4().hex[:12]}",
            roleArn=role or self.role(),
            definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": start, "States": states}),
        )["stateMachineArn"]
        arn = states_api.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))[
            "executionArn"
        ]

        def ended() -> Any:
            description = states_api.describe_execution(executionArn=arn)
            return description if description["status"] != "RUNNING" else None

        return eventually(ended)

    def settled(self, stack: str) -> Any:
        """Waits until nothing more happens to a stack; returns its description."""
        cloudformation = self.client("cloudformation")

        def done() -> Any:
            description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            return None if description["StackStatus"].endswith("_IN_PROGRESS") else description

        return eventually(done)

    def parameter(self, name: str) -> str:
        """Returns the value of an SSM parameter."""
        return str(self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
