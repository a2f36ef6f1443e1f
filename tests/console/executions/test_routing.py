"""What `python -m console` makes of executions, with AWS's replies held to botocore's service models."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from console.commands.printing import explain_failures
from console.executions.routing import (
    Photo,
    Routing,
    find_photo,
    route_photos,
    start_execution,
    upload_photo,
)
from evaluation.deployment import Deployment
from lambdas.workflow import execution, places

STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scones"
START = datetime(2026, 1, 1, tzinfo=UTC)
PHOTO = Photo("bike.png", "bucket", "incoming/1/bike.png")


def deploy() -> Deployment:
    """Returns a deployment that is found without Parameter Store."""
    deployment = Deployment("scones")
    deployment.bucket, deployment.state_machine = "bucket", STATE_MACHINE
    return deployment


class StubbedDeployment(Deployment):
    """Hands out the one stubbed Step Functions client."""

    def __init__(self) -> None:
        super().__init__("scones")
        self.state_machine = STATE_MACHINE
        self.step_functions = boto3.client("stepfunctions")
        self.stub = Stubber(self.step_functions)

    def client(self, service: str) -> Any:
        assert service == "stepfunctions"
        return self.step_functions


@pytest.fixture
def stubbed() -> StubbedDeployment:
    stubbed = StubbedDeployment()
    stubbed.stub.add_response(
        "start_execution",
        {"executionArn": f"{EXECUTION}:1", "startDate": START},
        {"stateMachineArn": STATE_MACHINE, "name": ANY, "input": ANY},
    )
    return stubbed


def describe(status: str, **more: Any) -> dict[str, Any]:
    return {
        "executionArn": f"{EXECUTION}:1",
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


def route_one(stubbed: StubbedDeployment) -> Routing:
    with stubbed.stub:
        (routing,) = route_photos(stubbed, [PHOTO])
    stubbed.stub.assert_no_pending_responses()
    return routing


def test_a_photo_is_routed_when_its_execution_succeeds_after_a_while(stubbed: StubbedDeployment) -> None:
    output = json.dumps({"predicted_class": "bicycle", "confidence": 0.97})
    stubbed.stub.add_response("describe_execution", describe("RUNNING"))
    stubbed.stub.add_response("describe_execution", ended("SUCCEEDED", output=output))
    routing = route_one(stubbed)
    assert (routing.outcome, routing.predicted_class, routing.confidence) == ("routed", "bicycle", 0.97)
    assert routing.milliseconds == 321


def test_a_refused_photo_tells_what_the_model_had_thought(stubbed: StubbedDeployment) -> None:
    refusal = ended("FAILED", error="ThresholdConfidenceNotMet", cause="confidence 0.55 is below 0.8")
    stubbed.stub.add_response("describe_execution", refusal)
    stubbed.stub.add_response(
        "get_execution_history",
        history({"predicted_class": "motorcycle", "confidence": 0.55}, {"s3_key": "k"}),
    )
    routing = route_one(stubbed)
    assert (routing.outcome, routing.predicted_class, routing.confidence) == ("refused", "motorcycle", 0.55)
    assert explain_failures([routing]) == [
        "bike.png: ThresholdConfidenceNotMet: confidence 0.55 is below 0.8"
    ]


def test_a_routed_photo_has_the_threshold_of_the_filters_output(stubbed: StubbedDeployment) -> None:
    stubbed.stub.add_response("describe_execution", ended("SUCCEEDED", output='{"threshold": 0.85}'))
    assert route_one(stubbed).threshold == 0.85


def test_a_refused_photo_has_the_threshold_of_the_filters_cause(stubbed: StubbedDeployment) -> None:
    cause = "Confidence 0.6 is below the threshold 0.8 (set by confidence_threshold): bicycle 0.6, bus 0.4"
    ending = ended("FAILED", error="ThresholdConfidenceNotMet", cause=cause)
    stubbed.stub.add_response("describe_execution", ending)
    stubbed.stub.add_response("get_execution_history", history())
    assert route_one(stubbed).threshold == 0.8


@pytest.mark.parametrize("output", ["{}", '{"threshold": "0.8"}', '{"threshold": true}', "[0.8]"])
def test_where_no_threshold_was_recorded_it_is_unknown(stubbed: StubbedDeployment, output: str) -> None:
    stubbed.stub.add_response("describe_execution", ended("SUCCEEDED", output=output))
    assert route_one(stubbed).threshold is None


def test_any_other_error_is_a_failure_without_a_class(stubbed: StubbedDeployment) -> None:
    stubbed.stub.add_response(
        "describe_execution", ended("FAILED", error="ImageNotFound", cause="no such key")
    )
    stubbed.stub.add_response("get_execution_history", history({"s3_key": "k"}))
    routing = route_one(stubbed)
    assert (routing.outcome, routing.predicted_class, routing.error) == ("failed", None, "ImageNotFound")


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED"])
def test_an_execution_that_ended_without_an_error_name_is_named_by_its_status(
    stubbed: StubbedDeployment, status: str
) -> None:
    stubbed.stub.add_response("describe_execution", ended(status))
    stubbed.stub.add_response("get_execution_history", history())
    assert route_one(stubbed).error == status


def make_bucket() -> None:
    """Makes the deployment's bucket, which keeps versions."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})


@mock_aws
def test_a_local_file_is_uploaded_under_incoming_with_a_key_of_its_own(tmp_path: Path) -> None:
    make_bucket()
    deployment = deploy()
    keys = []
    for folder, content in [("a", b"one"), ("b", b"two")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.png").write_bytes(content)
        photo = find_photo(deployment, str(tmp_path / folder / "same.png"))
        stored = boto3.client("s3").get_object(Bucket=photo.bucket, Key=photo.key)["Body"].read()
        assert stored == content
        keys.append(photo.key)
    assert len(set(keys)) == 2
    assert all(key.startswith("incoming/") and key.endswith("/same.png") for key in keys)


def test_an_s3_uri_is_taken_as_it_is() -> None:
    deployment = deploy()
    assert find_photo(deployment, "s3://other/a/b.png") == Photo("s3://other/a/b.png", "other", "a/b.png")


@pytest.mark.parametrize("argument", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
def test_an_s3_uri_without_bucket_or_key_is_refused(argument: str) -> None:
    deployment = deploy()
    with pytest.raises(ValueError, match="names no S3 object"):
        find_photo(deployment, argument)


class StateMachine:
    """Starts an execution of a name once, as Step Functions does; knows all that it was asked for.

    Attributes:
        starts: Names and inputs of the executions in the order of their starts.
        exceptions: As the real client has them.
    """

    exceptions = boto3.client("stepfunctions", "us-east-1").exceptions

    def __init__(self) -> None:
        self.starts: dict[str, dict[str, str]] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:
        assert stateMachineArn == STATE_MACHINE
        if name in self.starts:
            raise self.exceptions.ExecutionAlreadyExists({"Error": {}}, "StartExecution")
        self.starts[name] = json.loads(input)
        return {"executionArn": f"{EXECUTION}:{name}"}


class Deployed(Deployment):
    """A deployment with a bucket on moto and a state machine that only notes its starts."""

    def __init__(self) -> None:
        super().__init__("scones")
        self.bucket, self.state_machine = "bucket", STATE_MACHINE
        self.states = StateMachine()

    def client(self, service: str) -> Any:
        return self.states if service == "stepfunctions" else super().client(service)


def tell_of_uploads(deployed: Deployed) -> None:
    """Starts what the events of all versions of all objects under incoming/ start."""
    listed = boto3.client("s3").list_object_versions(Bucket="bucket", Prefix="incoming/")
    for found in listed["Versions"]:
        execution.start_execution(deployed.states, STATE_MACHINE, "bucket", found["Key"], found["VersionId"])


@mock_aws
@pytest.mark.parametrize("event_comes", ["before", "after"])
def test_an_upload_is_started_once_whether_its_event_comes_before_or_after(event_comes: str) -> None:
    make_bucket()
    deployed = Deployed()
    photo = upload_photo(deployed, "a photo.png", b"photo")
    if event_comes == "before":
        tell_of_uploads(deployed)
    arn = start_execution(deployed, photo)
    tell_of_uploads(deployed)
    ((name, event),) = deployed.states.starts.items()
    assert arn == f"{EXECUTION}:{name}"
    assert name == places.identify_photo("bucket", photo.key, photo.version or "")
    assert event == {
        "image_data": "",
        "s3_bucket": "bucket",
        "s3_key": photo.key,
        "s3_version": photo.version,
    }


@mock_aws
def test_the_same_photo_uploaded_again_is_another_version_and_routed_again() -> None:
    make_bucket()
    deployed = Deployed()
    photos = [upload_photo(deployed, "a.png", b"photo") for _ in range(2)]
    assert photos[0].key == photos[1].key
    assert len({start_execution(deployed, photo) for photo in photos}) == 2


@mock_aws
def test_an_object_in_s3_is_started_each_time_that_it_is_asked_even_if_its_upload_started_it() -> None:
    make_bucket()
    deployed = Deployed()
    uploaded = upload_photo(deployed, "a.png", b"photo")
    tell_of_uploads(deployed)
    for uri in 2 * [f"s3://bucket/{uploaded.key}"] + ["s3://bucket/datasets/0123/test/a.png"]:
        start_execution(deployed, find_photo(deployed, uri))
    assert len(deployed.states.starts) == 4
    assert [event.get("s3_version") for event in deployed.states.starts.values()] == [
        uploaded.version,
        None,
        None,
        None,
    ]
