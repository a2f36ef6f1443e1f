"""The versions of the model: which models are registered, how one is gone back to, and when all go."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.deploy import versions
from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.models import chosen
from lambdas.deploy.models.registering import delete_all
from lambdas.workflow import places
from tests.lambdas.deploy.deploy_cloud import (
    ANOTHER,
    AUTO,
    BUCKET,
    CLASSES,
    DATASET,
    OF_BOTH,
    THREE_RIGHT,
    Cloud,
)


def made(cloud: Cloud) -> tuple[list[str], list[str], int]:
    """All that was ever started."""
    return cloud.training_jobs(), cloud.transform_jobs(), len(cloud.started())


def deploy_two(cloud: Cloud) -> tuple[str, str]:
    """Deploys a model and a second one; returns their names."""
    first = cloud.deploy()["PhysicalResourceId"]
    return first, cloud.deploy("Update", first, **ANOTHER[cloud.way])["PhysicalResourceId"]


def test_every_model_that_passed_is_a_version_with_what_its_evaluation_found(cloud: Cloud) -> None:
    first, second = deploy_two(cloud)
    newest, oldest = cloud.versions()
    assert [(newest.number, newest.model), (oldest.number, oldest.model)] == [(2, second), (1, first)]
    assert (oldest.accuracy, oldest.dataset) == (1.0, DATASET)
    assert oldest.classes == places.name_variant(CLASSES)
    assert oldest.job in cloud.transform_jobs()
    (package, _) = cloud.sagemaker.list_model_packages(ModelPackageGroupName="scones")[
        "ModelPackageSummaryList"
    ]
    described = cloud.sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    assert described["ModelApprovalStatus"] == "Approved"
    (container,) = described["InferenceSpecification"]["Containers"]
    assert container["Image"] == OF_BOTH["Image"]
    assert container["ModelDataUrl"].startswith(f"s3://{BUCKET}/models/{first}/")


def test_a_model_that_did_not_pass_is_none(cloud: Cloud) -> None:
    assert cloud.deploy(answers=THREE_RIGHT)["Status"] == "FAILED"
    assert cloud.versions() == []


def test_a_model_that_is_taken_as_it_is_is_registered_once(cloud: Cloud) -> None:
    model = cloud.deploy()["PhysicalResourceId"]
    # As a deployment is whose models were made before any was registered.
    delete_all(cloud.sagemaker, "scones")
    for gate in ("0.5", "0.6"):
        assert cloud.ask("Update", model, AccuracyGate=gate)["Status"] == "SUCCESS"
        assert [version.model for version in cloud.versions()] == [model]


def test_a_version_that_is_judged_anew_has_what_was_found_last(artifact: Cloud) -> None:
    artifact.stage("other")
    first = artifact.deploy()["PhysicalResourceId"]
    artifact.deploy("Update", first, THREE_RIGHT, Dataset="other", AccuracyGate="0.5")
    (version,) = artifact.versions()
    assert (version.model, version.accuracy, version.dataset) == (first, 0.6, "other")


def test_a_model_that_can_not_be_registered_fails_the_deploy_and_is_found_by_the_next(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "CreateModelPackage")

    with monkeypatch.context() as patch:
        patch.setattr(cloud.sagemaker, "create_model_package", throttle)
        answer = cloud.deploy()
    assert answer["Status"] == "FAILED"
    assert "ThrottlingException" in answer["Reason"]
    assert cloud.ask()["Status"] == "SUCCESS"
    assert len(cloud.versions()) == 1


def test_a_version_is_gone_back_to_with_no_job_and_its_own_data_set(cloud: Cloud) -> None:
    first, second = deploy_two(cloud)
    cloud.serve(second)
    cloud.stage("newer")
    started = made(cloud)
    answer = cloud.ask("Update", second, Dataset="newer", ModelVersion="1", **ANOTHER[cloud.way])
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", first)
    assert answer["Data"] == {
        "ModelDataUrl": f"s3://{BUCKET}/models/{first}/output/model.tar.gz",
        "ValidationAccuracy": "1.0000",
        "Dataset": DATASET,
    }
    assert made(cloud) == started
    assert len(cloud.versions()) == 2


def test_the_way_back_and_forth_leaves_no_artifact_to_expire(cloud: Cloud) -> None:
    first, second = deploy_two(cloud)
    cloud.serve(second)
    assert cloud.ask("Update", second, **ANOTHER[cloud.way])["Status"] == "SUCCESS"
    assert cloud.marked() == {first: True, second: False}
    cloud.ask("Update", second, ModelVersion="1", **ANOTHER[cloud.way])
    cloud.serve(first)
    cloud.ask("Update", first, ModelVersion="1", **ANOTHER[cloud.way])
    assert cloud.marked() == {first: False, second: False}
    answer = cloud.ask("Update", first, ModelVersion="latest", **ANOTHER[cloud.way])
    assert answer["PhysicalResourceId"] == second


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ModelVersion": "7"}, "no version 7 of the model: python -m console models lists them"),
        ({"Classes": ["motorcycle", "bicycle"]}, "Version 1 of the model is of other classes"),
        (
            {"AccuracyGate": "0.7"},
            "Validation accuracy 0.6000 is below accuracy_gate 0.7: the model of version",
        ),
        (AUTO, "no threshold is proved"),
    ],
)
def test_a_version_that_does_not_pass_today_is_refused_in_one_line(
    cloud: Cloud, changes: dict[str, Any], words: str
) -> None:
    first = cloud.deploy(answers=THREE_RIGHT, AccuracyGate="0.5")["PhysicalResourceId"]
    started = made(cloud)
    answer = cloud.ask("Update", first, **{"AccuracyGate": "0.5", "ModelVersion": "1", **changes})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", first)
    assert words in answer["Reason"]
    assert "\n" not in answer["Reason"]
    assert made(cloud) == started
    # Rolled back to the latest.
    assert cloud.ask("Update", first, AccuracyGate="0.5")["PhysicalResourceId"] == first


def test_commands_on_a_deployment_of_another_name_bear_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen, "find_version", lambda *_: None)
    with pytest.raises(ModelRefused, match="python -m console --name cakes models lists them"):
        chosen.find_chosen({"Name": "cakes", "Bucket": BUCKET, "ModelVersion": "7"})


def test_a_version_whose_artifact_is_gone_is_refused(cloud: Cloud) -> None:
    first, second = deploy_two(cloud)
    cloud.s3.delete_object(Bucket=BUCKET, Key=f"models/{first}/output/model.tar.gz")
    answer = cloud.ask("Update", second, ModelVersion="1")
    assert "The artifact of version 1 of the model has expired" in answer["Reason"]


def test_a_version_whose_answers_are_gone_is_refused_where_its_threshold_is_to_be_proved(
    cloud: Cloud,
) -> None:
    first = cloud.deploy()["PhysicalResourceId"]
    cloud.s3.delete_object(Bucket=BUCKET, Key=f"validations/{first}/{DATASET}.json")
    answer = cloud.ask("Update", first, ModelVersion="1", **AUTO)
    assert f"No answers of model {first}" in answer["Reason"]
    assert "set confidence_threshold to a number" in answer["Reason"]


def test_whoever_goes_back_while_the_latest_is_in_the_making_ends_that(training: Cloud) -> None:
    before = training.request(**ANOTHER["training"])["ResourceProperties"]
    first = training.deploy()["PhysicalResourceId"]
    waiting = training.start("Update", first, **ANOTHER["training"])
    training.end(waiting["model"], "InProgress")
    answer = training.ask("Update", first, former=before, ModelVersion="1", **ANOTHER["training"])
    assert answer["PhysicalResourceId"] == first
    assert training.status(waiting["model"]) == "Stopped"
    assert training.running() == []


def test_what_ends_for_a_version_leaves_what_runs_for_the_latest(training: Cloud) -> None:
    first = training.deploy()["PhysicalResourceId"]
    kept = training.request(ModelVersion="1", **ANOTHER["training"])["ResourceProperties"]
    waiting = training.start("Update", first, former=kept, **ANOTHER["training"])
    training.end(waiting["model"], "InProgress")
    training.ask("Delete", first, ModelVersion="1", **ANOTHER["training"])
    assert training.status(waiting["model"]) == "InProgress"
    assert training.running() == [waiting["execution"]]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_the_versions_stay_until_their_group_goes(cloud: Cloud, kind: str) -> None:
    deploy_two(cloud)
    versions.handler(cloud.request(kind), None)
    assert (cloud.answers[-1]["Status"], len(cloud.versions())) == ("SUCCESS", 2)
    versions.handler(cloud.request("Delete"), None)
    assert (cloud.answers[-1]["Status"], cloud.versions()) == ("SUCCESS", [])
