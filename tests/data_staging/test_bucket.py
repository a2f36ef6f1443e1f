"""Uploads to S3: nothing twice, nothing half, the manifest last and the deployment told after it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
from moto import mock_aws

from data_staging import deployment_steps, steps
from data_staging.dataset import DataSet
from data_staging.errors import StagingError
from data_staging.progress import Progress
from tests.data_staging.deployment_on_moto import BUCKET, deploy, keys, staged_id

PICTURES = 24
FILES = PICTURES + 4

Call = tuple[str, dict[str, Any]]


@pytest.fixture
def deployed() -> Iterator[None]:
    """A deployment "scones" with its bucket, nothing staged."""
    with mock_aws():
        deploy()
        yield


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call to AWS from here on, in order."""
    made: list[Call] = []
    make = botocore.client.BaseClient._make_api_call

    def record(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        made.append((operation, parameters))
        return make(client, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", record)
    return made


def puts(calls: list[Call]) -> list[str]:
    return [parameters["Key"] for operation, parameters in calls if operation == "PutObject"]


def stage(data_set: DataSet, bucket: str | None = None) -> str:
    return steps.describe(data_set, *deployment_steps.upload(data_set, "scones", bucket))


def test_the_same_keys_and_bytes_come_to_s3_as_to_a_folder(
    deployed: None, data_set: DataSet, tmp_path: Path
) -> None:
    stage(data_set)
    steps.write(data_set, tmp_path)
    files = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*") if path.is_file()}
    assert keys() == files.keys()
    s3 = boto3.client("s3")
    for key, path in files.items():
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == path.read_bytes()


def test_the_manifest_comes_last_and_the_deployment_is_told_after_it(
    deployed: None, data_set: DataSet, calls: list[Call]
) -> None:
    line = stage(data_set)
    written = [call for call in calls if call[0].startswith("Put")]
    assert len(written) == FILES + 1
    assert written[-2][1]["Key"] == f"datasets/{data_set.id}/manifest.json"
    assert written[-1][0] == "PutParameter"
    assert staged_id() == data_set.id
    assert line == (
        f"Staged: s3://{BUCKET}/datasets/{data_set.id}/ "
        "(18 train, 2 validation, 4 test GENERATED pictures of bicycle, motorcycle)"
    )


def test_objects_say_what_they_are(deployed: None, data_set: DataSet, calls: list[Call]) -> None:
    stage(data_set)
    types = {
        Path(parameters["Key"]).suffix: parameters["ContentType"]
        for operation, parameters in calls
        if operation == "PutObject"
    }
    assert types == {".png": "image/png", ".lst": "text/tab-separated-values", ".json": "application/json"}


def test_an_unchanged_data_set_writes_nothing(deployed: None, data_set: DataSet, calls: list[Call]) -> None:
    stage(data_set)
    calls.clear()
    assert stage(data_set).startswith("Up to date: ")
    assert [operation for operation, _ in calls if not operation.startswith(("Get", "List"))] == []


def test_a_data_set_that_is_there_but_not_the_deployments_becomes_it(
    deployed: None, data_set: DataSet, calls: list[Call]
) -> None:
    stage(data_set)
    boto3.client("ssm").put_parameter(Name="/scones/dataset", Value="another", Type="String", Overwrite=True)
    calls.clear()
    stage(data_set)
    assert puts(calls) == []
    assert staged_id() == data_set.id


def test_a_stopped_upload_leaves_no_data_set_and_the_next_run_sends_only_the_rest(
    deployed: None, data_set: DataSet, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_half_way(progress: Progress, count: int = 1) -> None:
        progress.done += count
        if progress.done == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "advance", stop_half_way)
        with pytest.raises(KeyboardInterrupt):
            stage(data_set)
    sent = puts(calls)
    assert 5 <= len(sent) <= PICTURES
    assert staged_id() == "not-staged"
    calls.clear()
    stage(data_set)
    assert set(puts(calls)).isdisjoint(sent)
    assert len(puts(calls)) == FILES - len(sent)
    assert staged_id() == data_set.id


def test_an_object_with_other_content_is_sent_again(
    deployed: None, data_set: DataSet, calls: list[Call]
) -> None:
    key = f"datasets/{data_set.id}/train/{data_set.splits['train'][0].path}"
    s3 = boto3.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"half a pict")
    stage(data_set)
    manifest = json.load(s3.get_object(Bucket=BUCKET, Key=f"datasets/{data_set.id}/manifest.json")["Body"])
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    entry = manifest["files"][key.removeprefix(f"datasets/{data_set.id}/")]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_another_bucket_gets_the_data_and_the_deployment_keeps_its_own(
    deployed: None, data_set: DataSet
) -> None:
    boto3.client("s3").create_bucket(Bucket="another-bucket")
    assert "s3://another-bucket/" in stage(data_set, "another-bucket")
    assert f"datasets/{data_set.id}/manifest.json" in keys("another-bucket")
    assert staged_id() == "not-staged"


@mock_aws
def test_a_bucket_without_a_deployment_is_enough(data_set: DataSet) -> None:
    boto3.client("s3").create_bucket(Bucket="another-bucket")
    stage(data_set, "another-bucket")
    assert f"datasets/{data_set.id}/manifest.json" in keys("another-bucket")


@mock_aws
def test_what_is_not_deployed_here_is_one_line_with_the_region(data_set: DataSet) -> None:
    with pytest.raises(StagingError, match=r"no parameter /scones/bucket in us-east-1.*cdk deploy"):
        stage(data_set)


def test_a_bucket_that_does_not_exist_is_one_line(deployed: None, data_set: DataSet) -> None:
    with pytest.raises(StagingError, match=r"NoSuchBucket.*check --bucket"):
        stage(data_set, "no-such-bucket")


@pytest.mark.parametrize(
    ("code", "operation", "advice"),
    [
        ("AccessDeniedException", "GetParameter", "may not"),
        ("AccessDenied", "ListObjectsV2", "may not"),
        ("AccessDenied", "PutObject", "may not"),
        ("PermanentRedirect", "ListObjectsV2", "another region"),
        ("AuthorizationHeaderMalformed", "PutObject", "another region"),
        ("ExpiredTokenException", "GetParameter", "log in again"),
        ("UnrecognizedClientException", "GetParameter", "AWS_ACCESS_KEY_ID"),
        ("AccessDeniedException", "PutParameter", "may not"),
    ],
)
def test_a_refusal_by_aws_is_one_line_with_advice(
    code: str,
    operation: str,
    advice: str,
    deployed: None,
    data_set: DataSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = botocore.client.BaseClient._make_api_call

    def refuse(client: Any, asked: str, parameters: dict[str, Any]) -> Any:
        if asked == operation:
            error = {"Error": {"Code": code, "Message": "No."}}
            raise botocore.client.ClientError(error, operation)  # type: ignore[arg-type]
        return make(client, asked, parameters)

    with monkeypatch.context() as patched, pytest.raises(StagingError) as refused:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", refuse)
        stage(data_set)
    line = str(refused.value)
    assert "\n" not in line
    assert code in line
    assert operation in line
    assert advice in line
    assert staged_id() == "not-staged"


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no AWS credentials.*--out DIR"),
        ({"AWS_DEFAULT_REGION": None}, "no AWS region: set AWS_DEFAULT_REGION"),
        ({"AWS_DEFAULT_REGION": "us east"}, "us east"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "check the network and the region"),
        ({"AWS_ENDPOINT_URL": "nowhere"}, "Invalid endpoint: nowhere"),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
    ],
    ids=["no credentials", "no region", "wrong region", "no network", "wrong endpoint", "wrong profile"],
)
def test_an_environment_that_cannot_reach_aws_is_one_line(
    environment: dict[str, str | None], complaint: str, data_set: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for variable, value in environment.items():
        if value is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, value)
    with pytest.raises(StagingError, match=complaint) as refused:
        stage(data_set)
    assert "\n" not in str(refused.value)
