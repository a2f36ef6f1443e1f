"""What `python -m console` makes of executions, with AWS's replies held to botocore's service models."""

import itertools
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from console.__main__ import main
from console.demonstration import summary
from console.deployment import Deployment, NotDeployed
from console.printing import explanations, table
from console.routing import Photo, Routing, photo_in_s3, route_all
from console.training_log import LOG_GROUP, follow

STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scones:1"
START = datetime(2026, 1, 1, tzinfo=UTC)
PHOTO = Photo("bike.png", "bucket", "incoming/1/bike.png")


class StubbedSession:
    """Hands out the one stubbed Step Functions client."""

    def __init__(self) -> None:
        self.step_functions = boto3.client("stepfunctions")
        self.stub = Stubber(self.step_functions)

    def client(self, service: str) -> Any:
        assert service == "stepfunctions"
        return self.step_functions


@pytest.fixture
def session() -> StubbedSession:
    session = StubbedSession()
    session.stub.add_response(
        "start_execution",
        {"executionArn": EXECUTION, "startDate": START},
        {"stateMachineArn": STATE_MACHINE, "input": ANY},
    )
    return session


def describe(status: str, **more: Any) -> dict[str, Any]:
    return {
        "executionArn": EXECUTION,
        "stateMachineArn": STATE_MACHINE,
        "status": status,
        "startDate": START,
        **more,
    }


def ended(status: str, **more: Any) -> dict[str, Any]:
    return describe(status, stopDate=START + timedelta(milliseconds=321), **more)


def history(*outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "events": [
            {
                "timestamp": START,
                "type": "TaskStateExited",
                "id": number,
                "stateExitedEventDetails": {"name": "State", "output": json.dumps(output)},
            }
            for number, output in enumerate(outputs, 1)
        ]
    }


def route_one(session: StubbedSession) -> Routing:
    deployment = Deployment("scones", "bucket", STATE_MACHINE, session)  # type: ignore[arg-type]
    with session.stub:
        (routing,) = route_all(deployment, [PHOTO])
    session.stub.assert_no_pending_responses()
    return routing


def test_a_photo_is_routed_when_its_execution_succeeds_after_a_while(session: StubbedSession) -> None:
    output = json.dumps({"predicted_class": "bicycle", "confidence": 0.97})
    session.stub.add_response("describe_execution", describe("RUNNING"))
    session.stub.add_response("describe_execution", ended("SUCCEEDED", output=output))
    routing = route_one(session)
    assert (routing.outcome, routing.predicted_class, routing.confidence) == ("routed", "bicycle", 0.97)
    assert routing.milliseconds == 321


def test_a_refused_photo_tells_what_the_model_had_thought(session: StubbedSession) -> None:
    refusal = ended("FAILED", error="ThresholdConfidenceNotMet", cause="confidence 0.55 is below 0.8")
    session.stub.add_response("describe_execution", refusal)
    session.stub.add_response(
        "get_execution_history",
        history({"predicted_class": "motorcycle", "confidence": 0.55}, {"s3_key": "k"}),
    )
    routing = route_one(session)
    assert (routing.outcome, routing.predicted_class, routing.confidence) == ("refused", "motorcycle", 0.55)
    assert explanations([routing]) == ["bike.png: ThresholdConfidenceNotMet: confidence 0.55 is below 0.8"]


def test_any_other_error_is_a_failure_without_a_class(session: StubbedSession) -> None:
    session.stub.add_response(
        "describe_execution", ended("FAILED", error="ImageNotFound", cause="no such key")
    )
    session.stub.add_response("get_execution_history", history({"s3_key": "k"}))
    routing = route_one(session)
    assert (routing.outcome, routing.predicted_class, routing.error) == ("failed", None, "ImageNotFound")


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED"])
def test_an_execution_that_ended_without_an_error_name_is_named_by_its_status(
    session: StubbedSession, status: str
) -> None:
    session.stub.add_response("describe_execution", ended(status))
    session.stub.add_response("get_execution_history", history())
    assert route_one(session).error == status


def routing(outcome: Any, predicted_class: str | None, key: str) -> Routing:
    error = None if outcome == "routed" else "ImageNotFound"
    return Routing(Photo(key, "b", key), outcome, predicted_class, 0.5, error, "why", 7, EXECUTION)


def test_accuracy_counts_refused_photos_and_failed_ones_too() -> None:
    routings = [
        routing("routed", "bicycle", "1"),
        routing("routed", "bicycle", "2"),
        routing("refused", "motorcycle", "3"),
        routing("failed", None, "4"),
    ]
    lines = list(summary(routings, {"1": "bicycle", "2": "motorcycle", "3": "motorcycle", "4": "bicycle"}))
    assert lines == [
        "Accuracy over all 4 test photos: 0.500 (2 right)",
        "Routed: 2, 1 of them right",
        "Refused for a confidence below the threshold: 1",
        "Failed: 1",
    ]


def test_the_table_has_a_true_class_only_where_it_is_known() -> None:
    rows = [routing("routed", "bicycle", "a.png"), routing("refused", "bicycle", "b.png")]
    known = table(rows, {"a.png": "bicycle", "b.png": "motorcycle"}).splitlines()
    assert known[0].split() == ["photo", "true", "class", "routed", "as", "confidence", "outcome", "ms"]
    assert known[2].split() == ["b.png", "motorcycle", "-", "0.500", "refused", "(bicycle?)", "7"]
    assert "true class" not in table(rows)


@mock_aws
def test_a_local_file_is_uploaded_under_incoming_with_a_key_of_its_own(tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="bucket")
    deployment = Deployment("scones", "bucket", STATE_MACHINE, boto3.Session())
    keys = []
    for folder, content in [("a", b"one"), ("b", b"two")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.png").write_bytes(content)
        photo = photo_in_s3(deployment, str(tmp_path / folder / "same.png"))
        stored = boto3.client("s3").get_object(Bucket=photo.bucket, Key=photo.key)["Body"].read()
        assert stored == content
        keys.append(photo.key)
    assert len(set(keys)) == 2
    assert all(key.startswith("incoming/") and key.endswith("/same.png") for key in keys)


def test_an_s3_uri_is_taken_as_it_is() -> None:
    deployment = Deployment("scones", "bucket", STATE_MACHINE, boto3.Session())
    assert photo_in_s3(deployment, "s3://other/a/b.png") == Photo("s3://other/a/b.png", "other", "a/b.png")


@pytest.mark.parametrize("argument", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
def test_an_s3_uri_without_bucket_or_key_is_refused(argument: str) -> None:
    deployment = Deployment("scones", "bucket", STATE_MACHINE, boto3.Session())
    with pytest.raises(ValueError, match="names no S3 object"):
        photo_in_s3(deployment, argument)


@mock_aws
def test_the_training_log_shows_each_telling_line_of_this_deployments_jobs_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs = boto3.client("logs")
    monkeypatch.setattr("console.training_log.POLL_SECONDS", 0.01)
    lines = follow("scones", boto3.Session())
    later: list[str] = []
    reader = threading.Thread(target=lambda: later.extend(itertools.islice(lines, 2)), daemon=True)
    reader.start()
    time.sleep(1)  # the group is not there yet: that must not end it
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="scones-1/algo-1-1")
    for message in (
        "Features of the frozen layers: view 1 of 6, 900 images",
        "Setting number of threads: 2",
        "Epoch[1] Time cost=5",
    ):
        event = {"timestamp": int(time.time() * 1000), "message": message}
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="scones-1/algo-1-1", logEvents=[event])
    reader.join(timeout=10)
    assert later == [
        "training: Features of the frozen layers: view 1 of 6, 900 images",
        "training: Epoch[1] Time cost=5",
    ]


@mock_aws
def test_nothing_deployed_is_one_line_that_says_what_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["route", "photo.png"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "'scones' is not deployed here" in error
    assert "make demo" in error


@pytest.mark.parametrize(
    ("environment", "complaint", "advice"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "credentials", "AWS_PROFILE"),
        ({"AWS_DEFAULT_REGION": None}, "region", "AWS_DEFAULT_REGION"),
        ({"AWS_DEFAULT_REGION": "us east"}, "us east", "AWS_DEFAULT_REGION"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "127.0.0.1:9", "python -m local up"),
        ({"AWS_ENDPOINT_URL": "nowhere"}, "Invalid endpoint", "nowhere"),
        ({"AWS_PROFILE": "nobody"}, "nobody", "AWS_PROFILE"),
    ],
    ids=["no credentials", "no region", "wrong region", "no network", "wrong endpoint", "wrong profile"],
)
def test_an_environment_that_cannot_reach_aws_is_one_line_with_advice(
    environment: dict[str, str | None],
    complaint: str,
    advice: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for variable, value in environment.items():
        if value is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, value)
    assert main(["demo"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert advice in line


@pytest.mark.parametrize("text", [None, "{", "[]", '{"context": {"scones": {}}}'])
def test_a_cdk_json_without_a_name_is_one_line(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cdk.json"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr("console.deployment.CDK_JSON", path)
    assert main(["demo"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{path}" in line
    assert "--name" in line


@mock_aws
def test_nothing_staged_names_the_staging_command() -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/dataset", Value="not-staged", Type="String")
    deployment = Deployment("scones", "bucket", STATE_MACHINE, boto3.Session())
    with pytest.raises(NotDeployed, match=r"data_staging/stage\.py"):
        deployment.manifest()


@mock_aws
def test_a_file_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/bucket", Value="bucket", Type="String")
    ssm.put_parameter(Name="/scones/state-machine", Value=STATE_MACHINE, Type="String")
    assert main(["--name", "scones", "route", str(tmp_path / "absent.png")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "absent.png" in error
