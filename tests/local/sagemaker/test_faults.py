"""A fault that nobody foresaw ends what it hits, with its reason: nothing stays in progress for ever."""

from pathlib import Path
from typing import Any

import pytest

from local.sagemaker import records
from local.sagemaker.containers import algorithm as containers
from local.sagemaker.containers import s3_data
from local.sagemaker.emulator import Place, finish_work
from local.sagemaker.hosting import endpoints
from local.sagemaker.hosting import variants as deployment
from local.sagemaker.jobs import training_runner as job_runner
from local.sagemaker.jobs import transform_runner


def fault(*_: object) -> None:
    raise ValueError("what nobody\nforesaw")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "home", tmp_path)


def test_a_training_job_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "refusal", fault)
    job: dict[str, Any] = {
        "TrainingJobName": "job",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [{"Status": "Starting"}],
        "AlgorithmSpecification": {},
    }
    job_runner.start(job)
    finish_work(10)
    assert job["TrainingJobStatus"] == "Failed"
    reason = r"InternalServerError: ValueError('what nobody\nforesaw'). Please try again."
    assert job["FailureReason"] == reason


def test_a_transform_job_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform_runner, "client", lambda *_: None)
    monkeypatch.setattr(s3_data, "keys", fault)
    job: dict[str, Any] = {
        "TransformJobName": "job",
        "TransformJobStatus": "InProgress",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/in/"}}},
    }
    transform_runner.start(job, {"ExecutionRoleArn": "role"})
    finish_work(10)
    assert job["TransformJobStatus"] == "Failed"
    reason = r"InternalServerError: ValueError('what nobody\nforesaw'). Please try again."
    assert job["FailureReason"] == reason


def test_an_endpoint_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "start", fault)
    config = {"EndpointConfigName": "config", "ProductionVariants": []}
    monkeypatch.setitem(records.endpoint_configs, "config", config)
    endpoints.create_endpoint({"EndpointName": "endpoint", "EndpointConfigName": "config"})
    finish_work(10)
    endpoint = records.endpoints.pop("endpoint")
    assert endpoint["EndpointStatus"] == "Failed"
    reason = r"The embedded cloud could not start it: ValueError('what nobody\nforesaw')"
    assert endpoint["FailureReason"] == reason
