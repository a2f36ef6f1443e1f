"""MiniStack with the embedded SageMaker in a process of its own, and what tests need to talk to it.

``python -m tests.local.sagemaker.server HOME LISTENER [COMMAND...]`` serves on a file descriptor;
COMMAND takes the place of the algorithm's own command.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.environment import build_server_environment
from tests.local.local_client import client

REPOSITORY = Path(__file__).resolve().parents[3]
STAND_IN = [sys.executable, "-I", "-S", "-u", str(Path(__file__).with_name("stand_in.py"))]
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::000000000000:role/learner"
BUCKET = "scones-data"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Returns what the condition returns once that is true; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def processes(mark: str) -> dict[int, str]:
    """Returns the processes whose command line holds ``mark``, by their id."""
    shown = subprocess.run(["ps", "-axww", "-o", "pid=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in shown.stdout.splitlines() if mark in line]
    return {int(pid): command for pid, command in lines}


@dataclass
class Server:
    """A server under test; ``home`` outlives it."""

    home: Path
    command: list[str] = field(default_factory=lambda: STAND_IN)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.home.mkdir(exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as listener, (self.home / "log").open("ab") as log:
            self.port = listener.getsockname()[1]
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self.home), str(listener.fileno()), *self.command],
                cwd=REPOSITORY,
                pass_fds=[listener.fileno()],
                stdout=log,
                stderr=log,
            )
        wait_for(self._is_ready)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends it and waits until it has ended."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)

    def client(self, service: str) -> Any:
        """Returns a boto3 client of it, as root of the default account."""
        return client(service, self.port)

    def log(self) -> str:
        """Returns all that it has logged."""
        return (self.home / "log").read_text(errors="replace")

    def prepare(self) -> None:
        """Makes the bucket, with data in it, and the role that SageMaker acts as."""
        iam, s3 = self.client("iam"), self.client("s3")
        iam.create_role(RoleName="learner", AssumeRolePolicyDocument=json.dumps(_TRUST))
        allowed = {
            "Effect": "Allow",
            "Action": ["s3:*", "logs:*", "cloudwatch:PutMetricData", "cloudwatch:DescribeAlarms"],
            "Resource": "*",
        }
        policy = {"Version": "2012-10-17", "Statement": [allowed]}
        iam.put_role_policy(RoleName="learner", PolicyName="all", PolicyDocument=json.dumps(policy))
        s3.create_bucket(Bucket=BUCKET)
        for key in ("data/train/bicycle/a.png", "data/train/motorcycle/b.png", "data/train.lst"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    def train(self, name: str, **changes: Any) -> None:
        """Creates a training job; ``changes`` replace members of the request."""
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "InputDataConfig": [
                channel("train", f"s3://{BUCKET}/data/train/"),
                channel("train_lst", f"s3://{BUCKET}/data/train.lst"),
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
            "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        self.client("sagemaker").create_training_job(**{**request, **changes})

    def finished(self, name: str, seconds: float = 30) -> dict[str, Any]:
        """Waits until a training job has ended and returns its description."""
        sagemaker = self.client("sagemaker")

        def ended() -> Any:
            job = sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return dict(wait_for(ended, seconds))

    def transform(self, name: str, model: str, prefix: str, **changes: Any) -> None:
        """Creates a transform job over a prefix of the bucket; ``changes`` replace members of the request."""
        request = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": transform_input(prefix),
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/transformed/{name}"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        self.client("sagemaker").create_transform_job(**{**request, **changes})

    def transformed(self, name: str, seconds: float = 30) -> dict[str, Any]:
        """Waits until a transform job has ended and returns its description."""
        sagemaker = self.client("sagemaker")

        def ended() -> Any:
            job = sagemaker.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return dict(wait_for(ended, seconds))

    def create_model(
        self, name: str, bias: float, *, gate: Path | None = None, status: int = 200, **container: Any
    ) -> None:
        """Makes a model that answers ``[bias, 1 - bias]`` with an HTTP status.

        A bias below zero makes a model whose server does not start, ``gate`` one that starts once that file
        is there; ``container`` adds to its container.
        """
        content = json.dumps({"bias": bias, "gate": str(gate) if gate else None, "status": status}).encode()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("model.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        key = f"models/{name}.tar.gz"
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=packed.getvalue())
        self.client("sagemaker").create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{key}", **container},
        )

    def deploy_model(
        self,
        name: str,
        bias: float,
        *,
        gate: Path | None = None,
        status: int = 200,
        instances: int = 1,
        **config: Any,
    ) -> None:
        """Makes a model, as ``create_model`` does, and an endpoint configuration of the same name.

        ``config`` adds to the configuration.
        """
        self.create_model(name, bias, gate=gate, status=status)
        variants = [
            {
                "VariantName": "AllTraffic",
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": instances,
            }
        ]
        self.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name, **{"ProductionVariants": variants, **config}
        )

    def put_in_service(self, name: str, bias: float, **config: Any) -> None:
        """Makes a model, a configuration and an endpoint of one name and waits until it answers."""
        self.deploy_model(name, bias, **config)
        self.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
        endpoint = self.endpoint_settled(name)
        assert endpoint["EndpointStatus"] == "InService", endpoint

    def ask(self, name: str, body: bytes = b"image") -> list[float]:
        """Invokes an endpoint and returns the probabilities."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, ContentType="image/png", Body=body
        )
        return [float(value) for value in json.load(answer["Body"])]

    def endpoint_settled(self, name: str, seconds: float = 30) -> dict[str, Any]:
        """Waits until an endpoint is in service or has failed and returns its description."""
        sagemaker = self.client("sagemaker")

        def settled() -> Any:
            endpoint = sagemaker.describe_endpoint(EndpointName=name)
            return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

        return dict(wait_for(settled, seconds))

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{self.port}/_ministack/ready"
            return bool(urllib.request.urlopen(url).status == 200)
        return False


@contextlib.contextmanager
def running(home: Path, command: list[str] | None = None) -> Iterator[Server]:
    """Yields a server with a bucket and a role; it is stopped at the end whatever happened."""
    server = Server(home, command or STAND_IN)
    server.start()
    try:
        server.prepare()
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


def channel(name: str, uri: str) -> dict[str, Any]:
    """Returns an entry of InputDataConfig."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": source},
        "ContentType": "application/x-image",
    }


def transform_input(prefix: str) -> dict[str, Any]:
    """Returns a TransformInput of pictures under a prefix of the bucket."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}
    return {"DataSource": {"S3DataSource": source}, "ContentType": "application/x-image"}


def _serve(home: Path, listener: int, command: list[str]) -> None:
    """Serves as ``local.server`` does, with ``command`` for the algorithm and with other waits."""
    with socket.socket(fileno=os.dup(listener)) as bound:
        port = bound.getsockname()[1]
    environment = build_server_environment(home, port)
    os.environ.clear()
    os.environ.update(environment)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    (home / "tmp").mkdir()
    # MiniStack reads its environment when it is imported.
    from local import server
    from local.autoscaling import hooks as autoscaling
    from local.sagemaker.containers import algorithm, child_process, log_streams, model_server
    from local.sagemaker.hosting import capacities, data_capture, invocation_metrics
    from local.sagemaker.hosting.updating import update
    from local.sagemaker.jobs.transform_jobs import TransformJob

    data_capture.SECONDS_IN_BUFFER = invocation_metrics.SECONDS_BETWEEN_WRITES = 0.1
    log_streams.SECONDS_BETWEEN_BATCHES = model_server.SECONDS_BETWEEN_RESTARTS = 0.1
    child_process.GRACE_SECONDS = 0.5
    autoscaling.SECONDS_BETWEEN_LOOKS = 0.2
    update.SECONDS_BETWEEN_LOOKS = capacities.SECONDS_TO_CHANGE = 0.1
    # A test says itself when a container that is asked to stop ends.
    TransformJob.stop_seconds = 60.0
    algorithm.TRAIN[:] = [*command, "train"]
    algorithm.SERVE[:] = [*command, "serve"]
    server.main(home, port, listener)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
