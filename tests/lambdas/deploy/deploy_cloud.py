"""What the functions of a model's resource meet in tests: moto's services and a listening CloudFormation."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import ModuleType
from typing import Any, Literal

import moto
import pytest

NAME = "scones"
BUCKET = "scones-bucket"
DATASET = "d1ce"
SOURCE_BUCKET = "another-bucket"
SOURCE_KEY = "trained/model.tar.gz"
LABELS = {f"bicycle/{n}.png": 0 for n in range(3)} | {f"motorcycle/{n}.png": 1 for n in range(2)}
RIGHT = {0: [0.75, 0.25], 1: [0.25, 0.75]}
ALL_RIGHT = {path: RIGHT[label] for path, label in LABELS.items()}
# Of the five pictures three are right: an accuracy of 0.6.
THREE_RIGHT = {path: [0.9, 0.1] for path in LABELS}
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
CLASSES = ["bicycle", "motorcycle"]
OF_BOTH = {
    "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:scones-start",
    "Name": NAME,
    "Bucket": BUCKET,
    "Dataset": DATASET,
    "Classes": CLASSES,
    "Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
    "EvaluationInstanceType": "ml.m5.large",
    "EvaluationRoleArn": "arn:aws:iam::123456789012:role/evaluation",
    "MaxWaitSeconds": "3420",
    "AccuracyGate": "0.8",
}
OF_ONE = {
    "training": {
        "Hyperparameters": json.dumps({"epochs": "10"}),
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "InstanceType": "ml.g4dn.xlarge",
        "InstanceCount": "1",
        "Mode": "on-demand",
        "MaxSeconds": "2700",
        "MaxTrainingWaitSeconds": "2940",
    },
    "artifact": {"ArtifactBucket": SOURCE_BUCKET, "ArtifactKey": SOURCE_KEY},
}
# What a threshold that is to be proved adds: five pictures without a mistake prove it, with two they do not.
AUTO = {"RoutedErrorTarget": "0.55", "RoutedErrorConfidence": "0.9"}
# What makes another model of the same data.
ANOTHER: dict[str, dict[str, str]] = {
    "training": {"Hyperparameters": '{"epochs": "12"}'},
    "artifact": {"ArtifactKey": "trained/another.tar.gz"},
}

with pytest.MonkeyPatch.context() as patch:
    for variable in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(variable, "us-east-1")
    from lambdas.deploy import artifact, custom_resource, jobs, training
    from lambdas.deploy.models import kept
    from lambdas.deploy.models.versions import Version, list_versions

MODULES: dict[str, ModuleType] = {"training": training, "artifact": artifact}
Way = Literal["training", "artifact"]


class Cloud:
    """What the functions of one kind of resource meet: moto's services, and where CloudFormation listens.

    Attributes:
        way: How the resource comes to a model.
        answers: What CloudFormation was answered.
    """

    def __init__(self, way: Way, address: str, answers: list[dict[str, Any]], machine: str) -> None:
        self.way = way
        self.answers = answers
        self.sagemaker = jobs.sagemaker
        self.s3 = kept.s3
        self.ssm = kept.ssm
        self.step_functions = custom_resource.step_functions
        self._functions = MODULES[way]
        self._machine = machine
        self._address = address
        self._requests = 0

    def request(
        self, kind: str = "Create", resource_id: str | None = None, former: Any = None, **changes: Any
    ) -> dict[str, Any]:
        """Returns a request; ``former`` are the properties before an update."""
        self._requests += 1
        optional = {"PhysicalResourceId": resource_id, "OldResourceProperties": former}
        return {
            "RequestType": kind,
            "ResponseURL": self._address,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/scones-training/1",
            "RequestId": f"request-{self._requests:03}",
            "LogicalResourceId": "Model",
            "ResourceType": "Custom::Model",
            "ResourceProperties": {**OF_BOTH, **OF_ONE[self.way], **changes},
            **{name: value for name, value in optional.items() if value},
        }

    def send(self, request: dict[str, Any]) -> None:
        """Has a request taken."""
        self._functions.start(request, None)

    def start(self, kind: str = "Create", resource_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """Has a request taken that is waited for; returns what the state machine was given."""
        before = len(self.answers)
        self.send(self.request(kind, resource_id, **changes))
        assert self.answers[before:] == []
        return self.started()[-1]

    def ask(self, kind: str = "Create", resource_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """Has a request taken that is answered at once; returns the answer."""
        before, waiting = len(self.answers), self.started()
        self.send(self.request(kind, resource_id, **changes))
        (answer,) = self.answers[before:]
        assert self.started() == waiting
        return answer

    def evaluate(self, waiting: dict[str, Any]) -> dict[str, Any]:
        """Has the model of a resource evaluated, the job complete on moto; returns what is known then."""
        if self.way == "training" and self.status(waiting["model"]) == "Completed":
            self.leave_model(waiting["model"])
        return {**waiting, **self._functions.evaluate(waiting, None)}

    def finish(self, waiting: dict[str, Any], answers: Any = None) -> dict[str, Any]:
        """Lets an evaluated model be checked, all of its answers right where none is given."""
        if "failure" not in waiting:
            self.leave_answers(waiting["evaluation"], ALL_RIGHT if answers is None else answers)
        return self.end_waiting(waiting)

    def end_waiting(self, waiting: dict[str, Any]) -> dict[str, Any]:
        """Has the last step run; returns the answer that CloudFormation got."""
        self._functions.finish(waiting, None)
        self.step_functions.stop_execution(executionArn=waiting["execution"])
        return self.answers[-1]

    def deploy(
        self, kind: str = "Create", resource_id: str | None = None, answers: Any = None, **changes: Any
    ) -> dict[str, Any]:
        """Takes a request through all steps; returns the answer that CloudFormation got."""
        return self.deploy_on(self.start(kind, resource_id, **changes), answers)

    def deploy_on(self, waiting: dict[str, Any], answers: Any = None) -> dict[str, Any]:
        """Takes what is waited for through the remaining steps; returns the answer."""
        return self.finish(self.evaluate(waiting), answers)

    def started(self) -> list[dict[str, Any]]:
        """What the executions wait for, oldest first, each with the ARN of its execution."""
        listed = self.step_functions.list_executions(stateMachineArn=self._machine)["executions"]
        described = [self.step_functions.describe_execution(executionArn=e["executionArn"]) for e in listed]
        return [
            {**json.loads(d["input"]), "execution": d["executionArn"]}
            for d in sorted(described, key=lambda d: d["name"])
        ]

    def running(self) -> list[str]:
        """The executions that still wait."""
        listed = self.step_functions.list_executions(stateMachineArn=self._machine, statusFilter="RUNNING")
        return [execution["executionArn"] for execution in listed["executions"]]

    def stage(
        self, dataset: str = DATASET, labels: dict[str, int] = LABELS, train: int = 900, validation: int = 100
    ) -> None:
        lines = [f"{n}\t{label}\t{path}\n" for n, (path, label) in enumerate(labels.items())]
        splits = {"train": {"count": train}, "validation": {"count": validation}}
        manifest = {**MANIFEST, "dataset": dataset, "splits": splits}
        for file, content in (("validation.lst", "".join(lines)), ("manifest.json", json.dumps(manifest))):
            self.s3.put_object(Bucket=BUCKET, Key=f"datasets/{dataset}/{file}", Body=content.encode())

    def put_artifact(self, content: bytes, key: str = SOURCE_KEY) -> None:
        self.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=content)

    def leave_model(self, model: str) -> str:
        key = f"models/{model}/output/model.tar.gz"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"model")
        return key

    def leave_answers(self, job: str, answers: dict[str, Any]) -> None:
        """Writes what a transform job answered."""
        for path, value in answers.items():
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.s3.put_object(Bucket=BUCKET, Key=f"evaluations/{job}/{path}.out", Body=body)

    def serve(self, model: str) -> None:
        """Has an endpoint serve a model, as the endpoint's stack does later in a deploy."""
        url = f"s3://{BUCKET}/models/{model}/output/model.tar.gz"
        number = len(self.sagemaker.list_endpoint_configs()["EndpointConfigs"])
        name = f"made-by-cloudformation-{number}"
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=OF_BOTH["EvaluationRoleArn"],
            PrimaryContainer={"Image": OF_BOTH["Image"], "ModelDataUrl": url},
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        if self.sagemaker.list_endpoints()["Endpoints"]:
            self.sagemaker.delete_endpoint(EndpointName="scones-serverless")
        self.sagemaker.create_endpoint(EndpointName="scones-serverless", EndpointConfigName=name)
        self.ssm.put_parameter(
            Name="/scones/endpoint", Value="scones-serverless", Type="String", Overwrite=True
        )

    def end(self, job: str, status: str, reason: str | None = None) -> None:
        """Ends a job otherwise than complete, which it is on moto once created, or has it go on."""
        backend = moto.backends.get_backend("sagemaker")["123456789012"]["us-east-1"]
        if job in backend.transform_jobs:
            made = backend.transform_jobs[job]
            made.transform_job_status = status
        else:
            made = backend.training_jobs[job]
            made.training_job_status = made.secondary_status = status
        made.failure_reason = reason

    def status(self, job: str) -> str:
        if job in self.transform_jobs():
            return str(self.sagemaker.describe_transform_job(TransformJobName=job)["TransformJobStatus"])
        return str(self.sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"])

    def training_jobs(self) -> list[str]:
        listed = self.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        return sorted(job["TrainingJobName"] for job in listed)

    def transform_jobs(self) -> list[str]:
        listed = self.sagemaker.list_transform_jobs()["TransformJobSummaries"]
        return sorted(job["TransformJobName"] for job in listed)

    def evaluated_models(self) -> list[str]:
        """The SageMaker models that were made for evaluations and are still there."""
        names = [model["ModelName"] for model in self.sagemaker.list_models()["Models"]]
        return [name for name in names if name.startswith("scones--evaluation-")]

    def versions(self) -> list[Version]:
        """The registered versions, the newest first."""
        return list_versions(self.sagemaker, NAME)

    def marked(self) -> dict[str, bool]:
        """Which models are in the deployment's bucket, and whether each is marked for removal."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="models/").get("Contents", [])
        tags = {
            entry["Key"].split("/")[1]: self.s3.get_object_tagging(Bucket=BUCKET, Key=entry["Key"])["TagSet"]
            for entry in listed
        }
        assert all(tag in ([], [{"Key": "superseded", "Value": "true"}]) for tag in tags.values())
        return {model: bool(tag) for model, tag in tags.items()}


def delete_model_package(ModelPackageName: str) -> None:
    """Deletes a version: moto has no such operation."""
    backend = moto.backends.get_backend("sagemaker")["123456789012"]["us-east-1"]
    del backend.model_packages[ModelPackageName]


@contextmanager
def running_cloud(way: Way, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Yields a cloud with a data set, two artifacts elsewhere, and the state machine that waits."""
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
        for bucket in (BUCKET, SOURCE_BUCKET):
            kept.s3.create_bucket(Bucket=bucket)
        jobs.sagemaker.create_model_package_group(ModelPackageGroupName=NAME)
        machine = custom_resource.step_functions.create_state_machine(
            name="scones-training",
            definition=json.dumps(MACHINE),
            roleArn="arn:aws:iam::123456789012:role/waiting",
        )["stateMachineArn"]
        monkeypatch.setenv("STATE_MACHINE_ARN", machine)
        cloud = Cloud(way, f"http://127.0.0.1:{server.server_port}/answer", answers, machine)
        cloud.stage()
        cloud.put_artifact(b"model")
        cloud.put_artifact(b"another", "trained/another.tar.gz")
        # moto has no such operations.
        for kind in ("Training", "Transform"):
            monkeypatch.setattr(
                jobs.sagemaker,
                f"stop_{kind.lower()}_job",
                lambda **job: cloud.end(*job.values(), "Stopped"),
                raising=False,
            )
        monkeypatch.setattr(jobs.sagemaker, "delete_model_package", delete_model_package, raising=False)
        yield cloud
        server.shutdown()
