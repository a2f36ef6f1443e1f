"""Which models are marked for removal: never one that the endpoint serves or is about to."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.lambdas.deploy.deploy_cloud import ANOTHER, BUCKET, THREE_RIGHT, Cloud

THIRD = {"training": {"Hyperparameters": '{"epochs": "14"}'}, "artifact": {"ArtifactKey": "third.tar.gz"}}


def test_a_model_that_serves_is_not_marked_before_the_endpoint_has_another(cloud: Cloud) -> None:
    cloud.put_artifact(b"third", "third.tar.gz")
    first = cloud.deploy()["PhysicalResourceId"]
    cloud.serve(first)
    # Accepted, but the endpoint is not updated to it: its stack fails.
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]
    assert cloud.marked() == {first: False, second: False}
    third = cloud.deploy("Update", second, **THIRD[cloud.way])["PhysicalResourceId"]
    assert cloud.marked() == {first: False, second: True, third: False}
    cloud.serve(third)
    assert cloud.ask("Update", third, **THIRD[cloud.way])["Status"] == "SUCCESS"
    assert cloud.marked() == {first: True, second: True, third: False}


def test_a_served_model_that_was_marked_is_unmarked_by_the_next_deploy(cloud: Cloud) -> None:
    first = cloud.deploy()["PhysicalResourceId"]
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]
    assert cloud.marked() == {first: True, second: False}
    cloud.serve(first)
    assert cloud.ask("Update", second, **ANOTHER[cloud.way])["Status"] == "SUCCESS"
    assert cloud.marked() == {first: False, second: False}


def test_a_return_to_a_former_model_takes_its_mark_away(cloud: Cloud) -> None:
    first = cloud.deploy()["PhysicalResourceId"]
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]
    assert cloud.ask("Update", second)["PhysicalResourceId"] == first
    assert cloud.marked() == {first: False, second: True}


def test_a_mark_makes_the_model_young_once(cloud: Cloud) -> None:
    cloud.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    cloud.put_artifact(b"third", "third.tar.gz")

    def version(model: str) -> str:
        key = f"models/{model}/output/model.tar.gz"
        return str(cloud.s3.head_object(Bucket=BUCKET, Key=key)["VersionId"])

    first = cloud.deploy()["PhysicalResourceId"]
    written = version(first)
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]
    # Of itself its age would count from the day it was made, and it might be due at once.
    assert (marked := version(first)) != written
    cloud.deploy("Update", second, **THIRD[cloud.way])
    assert version(first) == marked


def test_a_refused_model_is_marked_unless_it_is_in_use(cloud: Cloud) -> None:
    first = cloud.deploy()["PhysicalResourceId"]
    cloud.stage("other")
    refused = cloud.deploy("Update", first, answers=THREE_RIGHT, Dataset="other")
    assert refused["Status"] == "FAILED"
    assert cloud.marked()[first] is False
    # The same model of the same data, served while another has been accepted.
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]
    cloud.serve(first)
    cloud.ask("Update", second, **ANOTHER[cloud.way])
    cloud.stage("third")
    cloud.deploy("Update", second, answers=THREE_RIGHT, Dataset="third")
    assert (cloud.marked()[first], cloud.marked()[second]) == (False, False)


def test_where_the_endpoint_is_off_nothing_serves_and_what_is_superseded_is_marked(cloud: Cloud) -> None:
    first = cloud.deploy()["PhysicalResourceId"]
    cloud.serve(first)
    cloud.sagemaker.delete_endpoint(EndpointName="scones-serverless")
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]
    assert cloud.marked() == {first: True, second: False}


def fail(**_: Any) -> None:
    error = {"Code": "ValidationException", "Message": "Could not find endpoint configuration"}
    raise ClientError({"Error": error}, "DescribeEndpointConfig")


def time_out(**_: Any) -> None:
    raise ReadTimeoutError(endpoint_url="https://api.sagemaker")


def give_two_variants(**_: Any) -> dict[str, Any]:
    return {"ProductionVariants": [{"ModelName": "one"}, {"ModelName": "two"}]}


@pytest.mark.parametrize("describe", [fail, time_out, give_two_variants])
def test_where_it_can_not_be_told_what_serves_nothing_is_marked_and_cloudformation_is_answered(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, describe: Any
) -> None:
    first = cloud.deploy()["PhysicalResourceId"]
    cloud.serve(first)
    monkeypatch.setattr(cloud.sagemaker, "describe_endpoint_config", describe)
    second = cloud.deploy("Update", first, **ANOTHER[cloud.way])
    assert second["Status"] == "SUCCESS"
    assert cloud.marked() == {first: False, second["PhysicalResourceId"]: False}
    cloud.stage("other")
    third = cloud.deploy("Update", first, answers=THREE_RIGHT, Dataset="other", **ANOTHER[cloud.way])
    assert third["Status"] == "FAILED"
    assert "is below accuracy_gate" in third["Reason"]


def test_other_objects_beside_the_models_are_left_alone(training: Cloud) -> None:
    training.s3.put_object(Bucket=BUCKET, Key="models/notes.txt", Body=b"mine")
    training.s3.put_object(Bucket=BUCKET, Key="models/x/output/output.tar.gz", Body=b"a job's other output")
    training.deploy()
    for key in ("models/notes.txt", "models/x/output/output.tar.gz"):
        assert training.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == []
