"""With ``auto`` a model takes no traffic before a threshold is proved for it: by its evaluation's answers."""

import json

from lambdas.deploy.models.answers import Answers
from tests.lambdas.deploy.deploy_cloud import ANOTHER, AUTO, BUCKET, DATASET, THREE_RIGHT, Cloud

LOW_GATE = {"AccuracyGate": "0.5"}


def test_the_answers_of_the_evaluation_are_kept_by_model_and_data_set(cloud: Cloud) -> None:
    model = cloud.deploy(answers=THREE_RIGHT, **LOW_GATE)["PhysicalResourceId"]
    kept = cloud.s3.get_object(Bucket=BUCKET, Key=f"validations/{model}/{DATASET}.json")["Body"]
    assert json.load(kept) == {
        "confidences": [0.9] * 5,
        "right": [True] * 3 + [False] * 2,
        "predicted": ["bicycle"] * 5,
    }


def test_a_model_for_which_a_threshold_is_proved_is_accepted(cloud: Cloud) -> None:
    assert cloud.deploy(**AUTO)["Status"] == "SUCCESS"


def test_a_model_for_which_none_is_proved_is_refused_and_marked_and_not_registered(cloud: Cloud) -> None:
    former = cloud.deploy(**AUTO)["PhysicalResourceId"]
    waiting = cloud.start("Update", former, **AUTO, **LOW_GATE, **ANOTHER[cloud.way])
    answer = cloud.deploy_on(waiting, THREE_RIGHT)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", former)
    assert "no threshold is proved to keep to routed_error_target 0.55" in answer["Reason"]
    assert "Model and threshold stay as they were" in answer["Reason"]
    assert "\n" not in answer["Reason"]
    assert cloud.marked() == {former: False, waiting["model"]: True}
    assert [version.model for version in cloud.versions()] == [former]


def test_the_former_model_is_had_at_once_when_such_a_deploy_is_rolled_back(cloud: Cloud) -> None:
    accepted = cloud.deploy(**AUTO)
    former = accepted["PhysicalResourceId"]
    cloud.deploy("Update", former, THREE_RIGHT, **AUTO, **LOW_GATE, **ANOTHER[cloud.way])
    for prefix in ("evaluations/", "datasets/"):
        for entry in cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]:
            cloud.s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    assert cloud.ask("Update", former, **AUTO)["Data"] == accepted["Data"]


def test_another_target_needs_no_job_and_may_refuse(cloud: Cloud) -> None:
    model = cloud.deploy(answers=THREE_RIGHT, **LOW_GATE)["PhysicalResourceId"]
    lenient = {"RoutedErrorTarget": "0.8", "RoutedErrorConfidence": "0.8"}
    assert cloud.ask("Update", model, **LOW_GATE, **lenient)["Status"] == "SUCCESS"
    assert cloud.ask("Update", model, **LOW_GATE, **AUTO)["Status"] == "FAILED"


def test_a_model_whose_answers_were_not_kept_is_evaluated_again_where_a_threshold_is_to_be_proved(
    cloud: Cloud,
) -> None:
    model = cloud.deploy()["PhysicalResourceId"]
    cloud.s3.delete_object(Bucket=BUCKET, Key=f"validations/{model}/{DATASET}.json")
    evaluations = len(cloud.transform_jobs())
    assert cloud.ask("Update", model)["Status"] == "SUCCESS"
    assert cloud.deploy("Update", model, **AUTO)["PhysicalResourceId"] == model
    assert len(cloud.transform_jobs()) == evaluations + 1


def test_what_a_model_takes_for_the_other_class_proves_nothing() -> None:
    answers = Answers([0.9, 0.99, 0.8], [True, True, False], ["bicycle", "other", "bicycle"])
    assert answers.leave_out("other") == [(0.9, True), (0.8, False)]
    assert answers.leave_out(None) == [(0.9, True), (0.99, True), (0.8, False)]
