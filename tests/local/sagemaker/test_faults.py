"""A fault that nobody foresaw ends what it hits, with its reason: nothing stays in progress for ever."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from local.sagemaker import emulator
from local.sagemaker.containers import algorithm, s3_data
from local.sagemaker.emulator import Place, finish_work
from local.sagemaker.errors import ApiError
from local.sagemaker.hosting import endpoints, invocation, variants
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


def test_a_container_that_does_not_answer_in_time_is_a_model_error_without_a_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wait_in_vain(*_: object) -> None:
        raise urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("127.0.0.1"), "/", "timed out")

    server = SimpleNamespace(request=nullcontext, invoke=wait_in_vain, log=SimpleNamespace(name="stream"))
    metrics = SimpleNamespace(add=lambda *_: None)
    variant = SimpleNamespace(server=server, metrics=metrics, serverless=False)
    traffic = SimpleNamespace(choose=lambda _: variant)
    monkeypatch.setattr(endpoints, "find_traffic", lambda _: traffic)
    with pytest.raises(ApiError, match=r"Received server error \(0\) from primary with message") as caught:
        invocation._invoke("slow", b"image", {})
    assert (caught.value.code, caught.value.status) == ("ModelError", 424)
    assert caught.value.details["OriginalStatusCode"] == 0
    assert "timed out while waiting for a response from container" in caught.value.details["OriginalMessage"]
