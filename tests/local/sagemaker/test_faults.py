"""A fault that nobody foresaw ends what it hits, with its reason: nothing stays in progress for ever."""

from pathlib import Path
from typing import Any

import pytest

from local.sagemaker import emulator
from local.sagemaker.containers import algorithm, s3_data
from local.sagemaker.emulator import Place, finish_work
from local.sagemaker.hosting import endpoints, variants
from local.sagemaker.jobs import transform_jobs
from local.sagemaker.jobs.training_jobs import TrainingJob
from local.sagemaker.jobs.transform_jobs import TransformJob
from local.sagemaker.records import ENDPOINT_CONFIGS, ENDPOINTS


def fault(*_: object) -> None:
    raise ValueError("what nobody\nforesaw")


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> None:
    emulator.install(Place(port=0, home=tmp_path))


def test_a_training_job_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithm, "check_image", fault)
    job: dict[str, Any] = {
        "TrainingJobName": "job",
        "TrainingJobArn": "arn",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [{"Status": "Starting"}],
        "AlgorithmSpecification": {},
    }
    TrainingJob(job).start()
    finish_work(10)
    assert job["TrainingJobStatus"] == "Failed"
    reason = r"InternalServerError: ValueError('what nobody\nforesaw'). Please try again."
    assert job["FailureReason"] == reason


def test_a_transform_job_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform_jobs, "make_client", lambda *_: None)
    monkeypatch.setattr(s3_data, "list_keys", fault)
    job: dict[str, Any] = {
        "TransformJobName": "job",
        "TransformJobArn": "arn",
        "TransformJobStatus": "InProgress",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/in/"}}},
    }
    TransformJob(job, {"ExecutionRoleArn": "role"}).start()
    finish_work(10)
    assert job["TransformJobStatus"] == "Failed"
    reason = r"InternalServerError: ValueError('what nobody\nforesaw'). Please try again."
    assert job["FailureReason"] == reason


def test_an_endpoint_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "start", fault)
    config = {"EndpointConfigName": "config", "ProductionVariants": []}
    monkeypatch.setitem(ENDPOINT_CONFIGS.store, "config", config)
    endpoints.create_endpoint({"EndpointName": "endpoint", "EndpointConfigName": "config"})
    finish_work(10)
    endpoint = ENDPOINTS.store.pop("endpoint")
    assert endpoint["EndpointStatus"] == "Failed"
    reason = r"The embedded cloud could not start it: ValueError('what nobody\nforesaw')"
    assert endpoint["FailureReason"] == reason
