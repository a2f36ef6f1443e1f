"""What the page says of the endpoint, its model, the job that trained it, and its evaluation."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from evaluation.deployment import Deployment
from lambdas.deploy.models.registering import register
from lambdas.workflow.places import model_key
from tests.console.server.page_client import PageClient, png
from tests.console.server.served_endpoint import IMAGE, MODEL, ROLE, serving
from tests.console.traffic.captured_lines import ask_columns, read_all

LOG = """[INFO] Epoch[0] Batch [20] Speed: 123.881 samples/sec accuracy=0.574405
[INFO] Epoch[0] Train-accuracy=0.613911
[INFO] Epoch[0] Time cost=6.798
[INFO] Epoch[0] Validation-accuracy=0.494792
[INFO] Storing the best model with validation accuracy: 0.494792
[INFO] Epoch[1] Train-accuracy=0.9
[INFO] Epoch[1] Validation-accuracy=0.875
[INFO] Storing the best model with validation accuracy: 0.875
[INFO] Epoch[2] Train-accuracy=0.95
[INFO] Epoch[2] Validation-accuracy=0.86"""


@pytest.fixture(scope="module")
def job(deployment: Deployment) -> str:
    """A training job, its name."""
    data = f"s3://{deployment.bucket}/datasets/0123456789abcdef/train/"
    boto3.client("sagemaker").create_training_job(
        TrainingJobName="scones-0123456789ab",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"num_training_samples": "900"},
        RoleArn=ROLE,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{deployment.bucket}/models/"},
        ResourceConfig={"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3000},
    )
    return "scones-0123456789ab"


@pytest.fixture
def endpoint(job: str) -> Iterator[None]:
    """An endpoint that serves the job's model."""
    with serving(job):
        yield


@pytest.fixture
def log(job: str) -> Iterator[None]:
    """The log of that job."""
    logs = boto3.client("logs")
    group, stream = "/aws/sagemaker/TrainingJobs", f"{job}/algo-1"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    # All in one millisecond: order is what counts.
    now = int(time.time() * 1000)
    events: Any = [{"timestamp": now, "message": line} for line in LOG.splitlines()]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    yield
    logs.delete_log_group(logGroupName=group)


def test_the_overview_names_what_is_in_service(page: PageClient, endpoint: None, log: None, job: str) -> None:
    overview = page.get("/api/overview").json
    assert (overview["name"], overview["region"], overview["account"]) == (
        "scones",
        "us-east-1",
        "123456789012",
    )
    assert overview["classes"] == ["bicycle", "motorcycle"]
    assert overview["endpoint"]["status"] == "InService"
    assert overview["endpoint"]["model"] == MODEL
    assert overview["endpoint"]["instance_type"] == "ml.m5.large"
    model = overview["model"]
    assert (model["accuracy"], model["dataset"], model["pictures"]) == (0.875, "0123456789abcdef", 900)
    assert model["training_job"] == job
    assert overview["today"]["routed"] == 0
    assert overview["links"]["endpoint"].endswith("#/endpoints/scones")


def test_what_every_view_needs_is_answered_without_an_endpoint(page: PageClient) -> None:
    deployed = page.get("/api/deployment").json
    assert (deployed["name"], deployed["classes"]) == ("scones", ["bicycle", "motorcycle"])
    assert deployed["threshold"] is None


def test_a_picture_of_a_data_set_is_shown_and_nothing_else_of_the_bucket(
    page: PageClient, deployment: Deployment
) -> None:
    key = "datasets/0123456789abcdef/test/a b/ü#?.png"
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=png(0))
    shown = page.get("/api/datasets/0123456789abcdef/test/a%20b/%C3%BC%23%3F.png")
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
    assert page.get("/api/datasets/0123456789abcdef/manifest.json").status == 415
    assert page.get("/api/datasets/../reports/report.json").status == 404


def test_without_an_endpoint_the_overview_says_what_to_do(page: PageClient) -> None:
    overview = page.get("/api/overview").json
    assert "make demo" in overview["endpoint"]["missing"]
    assert "no model" in overview["model"]["missing"]
    assert page.get("/api/training").json == overview["endpoint"]
    assert page.get("/api/evaluation").json == overview["endpoint"]


def test_without_a_version_the_page_says_what_to_do(page: PageClient) -> None:
    assert "make deploy" in page.get("/api/versions").json["missing"]


def test_the_versions_of_the_model_are_listed_with_their_commands(
    page: PageClient, endpoint: None, deployment: Deployment, job: str
) -> None:
    sagemaker: Any = boto3.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="scones")
    for model in ("scones-older", job):
        facts = {"Name": "scones", "Bucket": deployment.bucket, "Classes": ["bicycle"], "Dataset": "d1ce"}
        register(sagemaker, {**facts, "Image": IMAGE}, model=model, accuracy=0.9, job="evaluation")
        boto3.client("s3").put_object(Bucket=deployment.bucket, Key=model_key(model), Body=b"weights")
    ssm = boto3.client("ssm")
    wanted = '{"version": "2", "accuracy_gate": 0.8}'
    ssm.put_parameter(Name="/scones/model-version", Value=wanted, Type="String")
    ssm.put_parameter(Name="/scones/model", Value=f"s3://{deployment.bucket}/{model_key(job)}", Type="String")
    answer = page.get("/api/versions").json
    assert [(version["version"], version["why"]) for version in answer["versions"]] == [
        (2, "in service, kept by models use"),
        (1, "superseded by version 2"),
    ]
    assert [version["command"] for version in answer["versions"]] == [
        None,
        "python -m console models use 1",
    ]
    assert answer["kept"].startswith("Version 2 of the model is kept")


def test_an_endpoint_that_was_deleted_is_missing(page: PageClient, endpoint: None) -> None:
    boto3.client("ssm").put_parameter(Name="/scones/endpoint", Value="gone", Type="String", Overwrite=True)
    assert "There is no endpoint" in page.get("/api/overview").json["endpoint"]["missing"]


def test_an_endpoint_that_is_switched_off_is_told_calmly_with_the_command(
    page: PageClient, endpoint: None
) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/endpoint", Value="gone", Type="String", Overwrite=True)
    ssm.put_parameter(Name="/scones/endpoint-switch", Value="off", Type="String")
    try:
        overview = page.get("/api/overview").json
        told = page.get("/api/evaluation").json["missing"]
    finally:
        ssm.delete_parameter(Name="/scones/endpoint-switch")
    assert overview["endpoint"]["missing"] == told
    assert told == "Endpoint gone is switched off: python -m console endpoint on switches it on"
    assert overview["health"]["level"] != "act"
    assert "the endpoint is switched off" in json.dumps(overview["health"])


def test_an_endpoint_that_was_put_back_is_told_with_what_to_do(page: PageClient, endpoint: None) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/endpoint-config", Value="newer-config", Type="String")
    try:
        told = page.get("/api/overview").json["endpoint"]["missing"]
    finally:
        ssm.delete_parameter(Name="/scones/endpoint-config")
    assert "serves configuration scones-config and not newer-config" in told
    assert "aws sagemaker update-endpoint" in told


def test_the_threshold_is_what_the_deployment_says(page: PageClient) -> None:
    assert page.get("/api/overview").json["threshold"] is None
    told = {"value": 0.87, "source": "recommended from 100 validation photos"}
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/threshold", Value=json.dumps(told), Type="String")
    try:
        assert page.get("/api/overview").json["threshold"] == told
    finally:
        ssm.delete_parameter(Name="/scones/threshold")


def test_the_jobs_epochs_come_from_its_log(page: PageClient, endpoint: None, log: None, job: str) -> None:
    training = page.get("/api/training").json
    assert training["job"] == job
    assert training["stored_epoch"] == 1
    assert training["epochs"] == [
        {"epoch": 0, "train_accuracy": 0.613911, "validation_accuracy": 0.494792},
        {"epoch": 1, "train_accuracy": 0.9, "validation_accuracy": 0.875},
        {"epoch": 2, "train_accuracy": 0.95, "validation_accuracy": 0.86},
    ]


def test_a_job_without_a_log_says_so(page: PageClient, endpoint: None) -> None:
    assert "log" in page.get("/api/training").json["missing"]
    assert page.get("/api/overview").json["model"]["accuracy"] is None


def test_a_given_model_was_trained_by_no_job(page: PageClient) -> None:
    with serving("scones-given"):
        assert "given as an artifact" in page.get("/api/training").json["missing"]
        assert page.get("/api/overview").json["model"]["training_job"] is None


def read_baseline(page: PageClient) -> Any:
    """Returns which confidences the invocations are compared with."""
    header, _ = ask_columns(page, read_all(page)["source"])
    return header["baseline"]


def test_the_evaluation_is_that_of_the_model_in_service(
    page: PageClient, endpoint: None, deployment: Deployment
) -> None:
    assert "python -m evaluation" in page.get("/api/evaluation").json["missing"]
    report = {
        "split": "test",
        "answers": [{"probabilities": [0.25, 0.75]}, {"probabilities": [0.9, 0.1]}],
        "recommendation": {"threshold": 0.9},
    }
    place: Any = {"Bucket": deployment.bucket, "Key": f"reports/{MODEL}/test/report.json"}
    boto3.client("s3").put_object(**place, Body=json.dumps(report).encode())
    shown = page.get("/api/evaluation").json
    assert shown.pop("command").endswith("make deploy CDK_CONTEXT=confidence_threshold=0.900")
    assert shown.pop("more_routed") is None
    assert shown == report
    assert read_baseline(page) == {"split": "test", "confidences": [0.75, 0.9]}
    of_validation = report | {"split": "validation", "answers": [{"probabilities": [0.5, 0.5]}]}
    other: Any = place | {"Key": f"reports/{MODEL}/validation/report.json"}
    boto3.client("s3").put_object(**other, Body=json.dumps(of_validation).encode())
    assert page.get("/api/evaluation").json["split"] == "test"
    assert read_baseline(page) == {"split": "validation", "confidences": [0.5]}
    answers = [{"probabilities": [0.3, 0.7]}, {"probabilities": [0.1, 0.9]}, {"probabilities": [0.8, 0.2]}]
    with_other = of_validation | {"other_class": "motorcycle", "answers": answers}
    boto3.client("s3").put_object(**other, Body=json.dumps(with_other).encode())
    assert read_baseline(page) == {"split": "validation", "confidences": [0.8]}
    for each in (place, other):
        boto3.client("s3").delete_object(**each)


def test_what_aws_refuses_is_one_line(page: PageClient) -> None:
    boto3.client("ssm").put_parameter(
        Name="/scones/dataset", Value="no-such-set", Type="String", Overwrite=True
    )
    try:
        answer = page.get("/api/overview")
    finally:
        boto3.client("ssm").put_parameter(
            Name="/scones/dataset", Value="0123456789abcdef", Type="String", Overwrite=True
        )
    assert answer.status == 502
    assert "\n" not in answer.json["error"]
    assert "GetObject" in answer.json["error"]
