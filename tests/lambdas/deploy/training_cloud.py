"""What the training resource's functions meet in tests: moto's services and a listening CloudFormation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from time import time
from typing import Any

import moto
import pytest

from lambdas.workflow.places import TRAINING_JOBS_LOG_GROUP

NAME = "scones"
BUCKET = "scones-bucket"
DATASET = "d1ce"
MANIFEST = {
    "format": 1,
    "dataset": DATASET,
    "classes": ["bicycle", "motorcycle"],
    "splits": {"train": {"count": 900}, "validation": {"count": 100}, "test": {"count": 200}},
}
MACHINE = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}},
}

with pytest.MonkeyPatch.context() as patch:
    for variable in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(variable, "us-east-1")
    from lambdas.deploy import artifact as model_artifact  # noqa: F401
    from lambdas.deploy import custom_resource, jobs, kept_models, training_accuracy
    from lambdas.deploy import training as training_job


class Cloud:
    """What the functions meet: moto's services, and a place where CloudFormation listens for answers."""

    def __init__(self, address: str, answers: list[dict[str, Any]], machine: str) -> None:
        self.answers = answers
        self.machine = machine
        self.sagemaker = jobs.sagemaker
        self.s3 = kept_models.s3
        self.step_functions = custom_resource.step_functions
        self.logs = training_accuracy.logs
        self._address = address
        self._requests = 0

    def request(self, kind: str = "Create", resource_id: str | None = None, **changes: Any) -> dict[str, Any]:
        self._requests += 1
        properties = {
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:scones-training-start",
            "Name": NAME,
            "Bucket": BUCKET,
            "Dataset": DATASET,
            "Classes": ["bicycle", "motorcycle"],
            "Hyperparameters": json.dumps({"epochs": "10"}),
            "Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
            "RoleArn": "arn:aws:iam::123456789012:role/training",
            "InstanceType": "ml.g4dn.xlarge",
            "InstanceCount": "1",
            "Mode": "on-demand",
            "MaxSeconds": "3000",
            "MaxWaitSeconds": "3420",
            "AccuracyGate": "0.8",
            **changes,
        }
        identity = {"PhysicalResourceId": resource_id} if resource_id else {}
        return {
            "RequestType": kind,
            "ResponseURL": self._address,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/scones-training/1",
            "RequestId": f"request-{self._requests}",
            "LogicalResourceId": "TrainingJob",
            "ResourceType": "Custom::TrainingJob",
            "ResourceProperties": properties,
            **identity,
        }

    def jobs(self) -> list[str]:
        listed = self.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        return sorted(job["TrainingJobName"] for job in listed)

    def started(self) -> list[dict[str, Any]]:
        """Inputs of the executions that wait for jobs, oldest first."""
        arns = [
            execution["executionArn"]
            for execution in self.step_functions.list_executions(stateMachineArn=self.machine)["executions"]
        ]
        described = [self.step_functions.describe_execution(executionArn=arn) for arn in arns]
        return [json.loads(d["input"]) for d in sorted(described, key=lambda d: d["name"])]

    def end(self, job: str, status: str, **fields: Any) -> None:
        """Ends a job, which on moto is complete as soon as it is created."""
        backend = moto.backends.get_backend("sagemaker")["123456789012"]["us-east-1"]
        made = backend.training_jobs[job]
        made.training_job_status = made.secondary_status = status
        for name, value in fields.items():
            setattr(made, name, value)

    def leave_model(self, job: str) -> str:
        key = f"models/{job}/output/model.tar.gz"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"model")
        return key

    def log(self, job: str, *lines: str) -> None:
        stream = f"{job}/algo-1-1700000000"
        if not self.logs.describe_log_groups(logGroupNamePrefix=TRAINING_JOBS_LOG_GROUP)["logGroups"]:
            self.logs.create_log_group(logGroupName=TRAINING_JOBS_LOG_GROUP)
        self.logs.create_log_stream(logGroupName=TRAINING_JOBS_LOG_GROUP, logStreamName=stream)
        now = int(time() * 1000)
        self.logs.put_log_events(
            logGroupName=TRAINING_JOBS_LOG_GROUP,
            logStreamName=stream,
            logEvents=[{"timestamp": now + i, "message": line} for i, line in enumerate(lines)],
        )


@contextmanager
def running_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Yields a cloud with the data set staged and the waiting state machine made."""
    answers: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert not self.headers["Content-Type"]
            length = int(self.headers["Content-Length"])
            assert length <= 4096, "CloudFormation takes no more"
            answers.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with moto.mock_aws(), HTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        s3, step_functions = kept_models.s3, custom_resource.step_functions
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=f"datasets/{DATASET}/manifest.json", Body=json.dumps(MANIFEST))
        machine = step_functions.create_state_machine(
            name="scones-training",
            definition=json.dumps(MACHINE),
            roleArn="arn:aws:iam::123456789012:role/waiting",
        )["stateMachineArn"]
        monkeypatch.setenv("STATE_MACHINE_ARN", machine)
        cloud = Cloud(f"http://127.0.0.1:{server.server_port}/answer", answers, machine)
        # moto has no such operation.
        monkeypatch.setattr(
            jobs.sagemaker,
            "stop_training_job",
            lambda TrainingJobName: cloud.end(TrainingJobName, "Stopped"),
        )
        yield cloud
        server.shutdown()


def started_job(cloud: Cloud, **changes: Any) -> str:
    """Starts a job and returns its name."""
    training_job.start(cloud.request(**changes), None)
    assert cloud.answers == []
    return str(cloud.started()[-1]["job"])


def finished(cloud: Cloud, job: str, **changes: Any) -> dict[str, Any]:
    """Lets a job that left a model be checked; returns the answer that CloudFormation got."""
    cloud.leave_model(job)
    training_job.finish({"job": job, "model": job, "request": cloud.request(**changes)}, None)
    return cloud.answers[-1]
