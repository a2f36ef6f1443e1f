"""The custom resource that is a given model artifact: what is copied, taken over and refused."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.deploy import artifact as module
from tests.lambdas.deploy.deploy_cloud import BUCKET, SOURCE_BUCKET, SOURCE_KEY, THREE_RIGHT, Cloud


def test_an_artifact_is_copied_and_evaluated_and_nothing_is_trained(artifact: Cloud) -> None:
    waiting = artifact.start()
    model = waiting["model"]
    copied = artifact.s3.get_object(Bucket=BUCKET, Key=f"models/{model}/output/model.tar.gz")
    assert copied["Body"].read() == b"model"
    assert artifact.finish(artifact.evaluate(waiting))["PhysicalResourceId"] == model
    assert artifact.training_jobs() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ArtifactKey": "nothing.tar.gz"}, [f"s3://{SOURCE_BUCKET}/nothing.tar.gz", "no such object"]),
        ({"ArtifactBucket": "no-such-bucket"}, ["s3://no-such-bucket/", "no such object"]),
    ],
)
def test_what_is_no_object_is_refused_in_one_line_before_anything_is_made(
    artifact: Cloud, changes: dict[str, Any], words: list[str]
) -> None:
    answer = artifact.ask(**changes)
    assert answer["Status"] == "FAILED"
    assert "\n" not in answer["Reason"]
    assert [word for word in words if word not in answer["Reason"]] == []
    assert artifact.marked() == {}


def test_an_artifact_that_may_not_be_read_is_said_to_be_so(
    artifact: Cloud, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    def forbid(**_: str) -> None:
        response = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(response, "HeadObject")

    monkeypatch.setattr(module.s3, "head_object", forbid)
    expected = (
        f"s3://{SOURCE_BUCKET}/{SOURCE_KEY} cannot be read: it is not there, or this deployment may not"
    )
    assert expected in artifact.ask()["Reason"]


def test_an_oversized_artifact_is_not_copied(artifact: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 4)
    assert "has 5 bytes: at most 4" in artifact.ask()["Reason"]
    assert artifact.marked() == {}


def test_other_data_are_another_evaluation_of_the_same_model(artifact: Cloud) -> None:
    artifact.stage("other")
    one, other = (artifact.evaluate(artifact.start(**changes)) for changes in ({}, {"Dataset": "other"}))
    assert one["model"] == other["model"]
    assert one["evaluation"] != other["evaluation"]


def test_a_better_object_under_the_same_uri_is_looked_at_after_a_refusal(artifact: Cloud) -> None:
    assert artifact.deploy(answers=THREE_RIGHT)["Status"] == "FAILED"
    artifact.put_artifact(b"better")
    assert artifact.deploy()["Status"] == "SUCCESS"


def test_another_object_under_the_same_uri_is_looked_at_by_a_new_resource(artifact: Cloud) -> None:
    first = artifact.deploy()["PhysicalResourceId"]
    artifact.put_artifact(b"another")
    assert artifact.deploy()["PhysicalResourceId"] != first
