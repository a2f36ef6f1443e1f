"""A deployment in moto's AWS whose state machine answers by the photo's key, and the page that shows it."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.server.application import make_application
from evaluation.deployment import Deployment
from tests.console.server.page_client import HOST, TOKEN, PageClient, png

BUCKET = "scones-bucket"
DATASET = "0123456789abcdef"
MOTO: Any = {"stepfunctions": {"execute_state_machine": True}}


def _answering(predicted_class: str, confidence: float, following: str) -> dict[str, object]:
    answer = {"predicted_class": predicted_class, "confidence": confidence}
    return {"Type": "Pass", "Result": answer, "Next": following}


DEFINITION = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.s3_key", "StringMatches": "*unsure*", "Next": "Unsure"},
                {"Variable": "$.s3_key", "StringMatches": "*broken*", "Next": "Broken"},
                {"Variable": "$.s3_key", "StringMatches": "*cut off*", "Next": "Slow"},
            ],
            "Default": "Sure",
        },
        "Sure": _answering("bicycle", 0.95, "Routed"),
        "Routed": {"Type": "Succeed"},
        "Unsure": _answering("motorcycle", 0.6, "Refused"),
        "Refused": {"Type": "Fail", "Error": "ThresholdConfidenceNotMet", "Cause": "Confidence 0.6 is below"},
        "Slow": {"Type": "Wait", "Seconds": 60, "Next": "Routed"},
        "Broken": {"Type": "Fail", "Error": "InvalidImage", "Cause": "an empty file, no image"},
    },
}


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """Bucket with a data set of two pictures, parameters, and the state machine; one for a file of tests."""
    with pytest.MonkeyPatch.context() as environment, mock_aws(config=MOTO):
        # The environment of a test is only there from its beginning to its end.
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3, ssm = boto3.client("s3"), boto3.client("ssm")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        files = {
            f"test/{name}/{name}_1.png": {
                "sha256": hashlib.sha256(png(label)).hexdigest(),
                "bytes": len(png(label)),
                "label": label,
            }
            for label, name in enumerate(("bicycle", "motorcycle"))
        }
        manifest = {"classes": ["bicycle", "motorcycle"], "dataset": DATASET, "files": files}
        s3.put_object(
            Bucket=BUCKET, Key=f"datasets/{DATASET}/manifest.json", Body=json.dumps(manifest).encode()
        )
        machine = boto3.client("stepfunctions").create_state_machine(
            name="scones",
            definition=json.dumps(DEFINITION),
            roleArn="arn:aws:iam::123456789012:role/scones",
        )["stateMachineArn"]
        for which, value in {"bucket": BUCKET, "dataset": DATASET, "state-machine": machine}.items():
            ssm.put_parameter(Name=f"/scones/{which}", Value=value, Type="String")
        yield Deployment("scones")


@pytest.fixture
def page(deployment: Deployment) -> Iterator[PageClient]:
    """A page of that deployment that nobody has looked at yet, open in a browser."""
    hosts = [HOST, "localhost:8080"]
    with asyncio.Runner() as runner:
        yield PageClient(make_application(deployment, TOKEN, hosts, asyncio.Event()), runner)
