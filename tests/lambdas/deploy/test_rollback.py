"""What was measured once is known: a rollback gets its former model at once, another gate no other job."""

from typing import Any

import pytest

from tests.lambdas.deploy.deploy_cloud import ANOTHER, BUCKET, SOURCE_BUCKET, THREE_RIGHT, Cloud


def made(cloud: Cloud) -> tuple[list[str], list[str], int]:
    """All that was ever started."""
    return cloud.training_jobs(), cloud.transform_jobs(), len(cloud.started())


def lose_answers(cloud: Cloud) -> None:
    for entry in cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="evaluations/")["Contents"]:
        cloud.s3.delete_object(Bucket=BUCKET, Key=entry["Key"])


def lose_data_set(cloud: Cloud) -> None:
    for entry in cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="datasets/")["Contents"]:
        cloud.s3.delete_object(Bucket=BUCKET, Key=entry["Key"])


def lose_source(cloud: Cloud) -> None:
    for entry in cloud.s3.list_objects_v2(Bucket=SOURCE_BUCKET)["Contents"]:
        cloud.s3.delete_object(Bucket=SOURCE_BUCKET, Key=entry["Key"])
    cloud.s3.delete_bucket(Bucket=SOURCE_BUCKET)


def overwrite_source(cloud: Cloud) -> None:
    cloud.put_artifact(b"worse")


def lose_nothing(cloud: Cloud) -> None:
    pass


@pytest.mark.parametrize("lose", [lose_nothing, lose_answers, lose_data_set, lose_source, overwrite_source])
def test_after_a_refused_update_the_former_model_is_had_at_once_whatever_is_gone(
    cloud: Cloud, lose: Any
) -> None:
    before = cloud.request()["ResourceProperties"]
    accepted = cloud.deploy()
    former = accepted["PhysicalResourceId"]
    refused = cloud.deploy("Update", former, answers=THREE_RIGHT, former=before, **ANOTHER[cloud.way])
    assert (refused["Status"], refused["PhysicalResourceId"]) == ("FAILED", former)
    lose(cloud)
    started = made(cloud)
    after = cloud.request(**ANOTHER[cloud.way])["ResourceProperties"]
    rolled_back = cloud.ask("Update", former, former=after)
    assert {**rolled_back, "RequestId": ""} == {**accepted, "RequestId": ""}
    assert made(cloud) == started
    assert cloud.marked()[former] is False


def test_the_former_model_is_had_at_once_where_the_update_failed_after_its_model_was_accepted(
    cloud: Cloud,
) -> None:
    former = cloud.deploy()["PhysicalResourceId"]
    later = cloud.deploy("Update", former, **ANOTHER[cloud.way])["PhysicalResourceId"]
    assert later != former
    lose_source(cloud)
    rolled_back = cloud.ask("Update", later)
    assert (rolled_back["Status"], rolled_back["PhysicalResourceId"]) == ("SUCCESS", former)
    assert cloud.marked()[former] is False


@pytest.mark.parametrize(
    ("gate", "status"), [("0.1", "SUCCESS"), ("0.6", "SUCCESS"), ("0.61", "FAILED"), ("1", "FAILED")]
)
@pytest.mark.parametrize("first_gate", ["0.5", "0.9"])
def test_another_gate_alone_is_judged_by_what_was_measured(
    cloud: Cloud, first_gate: str, gate: str, status: str
) -> None:
    first = cloud.deploy(answers=THREE_RIGHT, AccuracyGate=first_gate)
    started = made(cloud)
    answer = cloud.ask("Update", first["PhysicalResourceId"], AccuracyGate=gate)
    assert answer["Status"] == status
    if status == "FAILED":
        assert f"Validation accuracy 0.6000 is below accuracy_gate {gate}" in answer["Reason"]
        # Back to the gate that it had passed.
        back = cloud.ask("Update", first["PhysicalResourceId"], AccuracyGate=first_gate)
        assert back["Status"] == first["Status"]
    assert made(cloud) == started


def test_a_resource_that_is_made_again_is_judged_by_what_was_measured(cloud: Cloud) -> None:
    first = cloud.deploy(answers=THREE_RIGHT)
    started = made(cloud)
    assert cloud.ask()["Reason"] == first["Reason"]
    assert cloud.ask(AccuracyGate="0.5")["Status"] == "SUCCESS"
    assert made(cloud) == started


@pytest.mark.parametrize(
    "changes", [{"EvaluationInstanceType": "ml.c5.large"}, {"Mode": "spot"}, {"MaxWaitSeconds": "3000"}]
)
def test_what_changes_no_model_and_no_answer_needs_no_job(cloud: Cloud, changes: dict[str, str]) -> None:
    model = cloud.deploy()["PhysicalResourceId"]
    assert cloud.ask("Update", model, **changes)["PhysicalResourceId"] == model


@pytest.mark.parametrize(
    "changes",
    [{"Dataset": "other"}, {"Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:2"}],
)
def test_what_judges_otherwise_is_another_evaluation(cloud: Cloud, changes: dict[str, str]) -> None:
    cloud.stage("other")
    first = cloud.deploy()["PhysicalResourceId"]
    evaluations = cloud.transform_jobs()
    assert cloud.deploy("Update", first, answers=THREE_RIGHT, **changes)["Status"] == "FAILED"
    assert len(cloud.transform_jobs()) == len(evaluations) + 1
