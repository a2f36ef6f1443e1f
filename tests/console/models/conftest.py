"""A deployment in moto's AWS of whose model there are versions."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from evaluation.deployment import Deployment
from lambdas.deploy.models.registering import register
from lambdas.workflow import places

CLASSES = ["bicycle", "motorcycle"]
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
Want = Callable[..., None]


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A deployment that has a bucket and a group without versions."""
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="scones-bucket")
        boto3.client("ssm").put_parameter(Name="/scones/bucket", Value="scones-bucket", Type="String")
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="scones")
        yield Deployment("scones")


@pytest.fixture
def add(deployment: Deployment) -> Callable[..., None]:
    """Registers a model, its artifact in the bucket."""

    def make(model: str, accuracy: float = 0.97, classes: list[str] = CLASSES, dataset: str = "d1ce") -> None:
        facts = {"Name": "scones", "Bucket": "scones-bucket", "Classes": classes, "Dataset": dataset}
        client: Any = boto3.client("sagemaker")
        register(client, {**facts, "Image": IMAGE}, model=model, accuracy=accuracy, job=f"job-{model}")
        boto3.client("s3").put_object(Bucket="scones-bucket", Key=places.model_key(model), Body=b"weights")

    return make


@pytest.fixture
def want(deployment: Deployment) -> Want:
    """Leaves what the training stack does once it has accepted a model."""

    def leave(accepted: str, version: str = "latest", gate: float = 0.8) -> None:
        wanted = json.dumps({"version": version, "accuracy_gate": gate})
        url = places.s3_uri("scones-bucket", places.model_key(accepted))
        for which, value in (("model-version", wanted), ("model", url)):
            boto3.client("ssm").put_parameter(
                Name=f"/scones/{which}", Value=value, Type="String", Overwrite=True
            )

    return leave
