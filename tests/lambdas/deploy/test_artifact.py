"""The custom resource that is a given model artifact: what is copied, evaluated, taken over and refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.deploy import artifact as model_artifact
from lambdas.deploy.artifact_inputs import name_job, name_model
from tests.lambdas.deploy.artifact_cloud import LABELS, RIGHT, SOURCE_BUCKET, SOURCE_KEY, ArtifactCloud
from tests.lambdas.deploy.training_cloud import BUCKET, DATASET, Cloud


@pytest.fixture
def here(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArtifactCloud]:
    """What the functions of the artifact resource meet."""
    made = ArtifactCloud(cloud)
    # moto has no such operation.
    monkeypatch.setattr(
        model_artifact.sagemaker,
        "stop_transform_job",
        lambda TransformJobName: made.end(TransformJobName, "Stopped"),
        raising=False,
    )
    yield made


def test_an_artifact_is_copied_and_the_container_answers_for_the_validation_split(
    here: ArtifactCloud,
) -> None:
    waiting = here.start()
    model, job = waiting["model"], waiting["job"]
    copied = here.s3.get_object(Bucket=BUCKET, Key=f"models/{model}/output/model.tar.gz")
    assert copied["Body"].read() == b"model"
    described = here.sagemaker.describe_transform_job(TransformJobName=job)
    assert described["TransformInput"] == {
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": f"s3://{BUCKET}/datasets/{DATASET}/validation/",
            }
        },
        "ContentType": "application/x-image",
        "CompressionType": "None",
        "SplitType": "None",
    }
    assert described["TransformOutput"]["S3OutputPath"] == f"s3://{BUCKET}/evaluations/{job}/"
    assert described["TransformOutput"]["Accept"] == "application/json"
    assert described["TransformResources"] == {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    container = here.sagemaker.describe_model(ModelName=described["ModelName"])["PrimaryContainer"]
    assert container["ModelDataUrl"] == f"s3://{BUCKET}/models/{model}/output/model.tar.gz"
    assert "image-classification" in container["Image"]
    assert here.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


def test_a_model_above_the_gate_is_handed_on_and_what_served_its_evaluation_is_removed(
    here: ArtifactCloud,
) -> None:
    waiting = here.start()
    here.leave_answers(waiting)
    answer = here.finish(waiting)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", waiting["model"])
    assert answer["Data"] == {
        "ModelDataUrl": f"s3://{BUCKET}/models/{waiting['model']}/output/model.tar.gz",
        "ValidationAccuracy": "1.0000",
    }
    assert here.models() == []
    assert here.kept() == {waiting["model"]: False}


def test_the_accuracy_is_the_share_of_most_probable_classes_that_are_right(here: ArtifactCloud) -> None:
    waiting = here.start(AccuracyGate="0.6")
    here.leave_answers(
        waiting,
        {
            "bicycle/0.png": [0.9, 0.1],
            "bicycle/1.png": {"prediction": [0.6, 0.4]},
            "bicycle/2.png": [0.4, 0.6],
            "motorcycle/0.png": [1.0, 0.0],
            "motorcycle/1.png": b'{"prediction": [0.2, 0.8]}\n',
        },
    )
    assert here.finish(waiting)["Data"]["ValidationAccuracy"] == "0.6000"


def test_a_model_below_the_gate_is_refused_with_accuracy_gate_and_log(here: ArtifactCloud) -> None:
    waiting = here.start("Update", "scones-artifact-old")
    here.leave_answers(waiting, {path: [0.9, 0.1] for path in LABELS})
    answer = here.finish(waiting)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "scones-artifact-old")
    for word in ("0.6000", "accuracy_gate 0.8", "/aws/sagemaker/TransformJobs", waiting["job"]):
        assert word in answer["Reason"]
    assert "\n" not in answer["Reason"]
    assert here.models() == []
    assert here.kept() == {waiting["model"]: True}


@pytest.mark.parametrize(
    ("garbage", "words"),
    [
        (b"not json", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ([0.2, 0.3, 0.5], "a list of 3: a list of 2 numbers"),
        ({"predictions": [1, 0]}, "no list"),
        ([float("nan"), 0.5], "nan"),
        (["0.9", "0.1"], "something else than numbers"),
    ],
)
def test_an_answer_that_is_not_the_classes_probabilities_is_told_in_one_line(
    here: ArtifactCloud, garbage: Any, words: str
) -> None:
    waiting = here.start()
    answers = {path: RIGHT[label] for path, label in LABELS.items()}
    here.leave_answers(waiting, {**answers, "bicycle/1.png": garbage})
    answer = here.finish(waiting)
    assert answer["Status"] == "FAILED"
    assert "bicycle/1.png" in answer["Reason"]
    assert words in answer["Reason"]
    assert "\n" not in answer["Reason"]


def test_a_missing_answer_is_no_right_one(here: ArtifactCloud) -> None:
    waiting = here.start()
    here.leave_answers(waiting, {path: RIGHT[LABELS[path]] for path in list(LABELS)[1:]})
    answer = here.finish(waiting)
    assert answer["Status"] == "FAILED"
    assert "no answer for 1 of 5 validation pictures, bicycle/0.png" in answer["Reason"]


def test_a_data_set_without_validation_pictures_proves_nothing(here: ArtifactCloud) -> None:
    here.stage("empty", {})
    answer = here.finish(here.start(Dataset="empty"))
    assert answer["Status"] == "FAILED"
    assert "validation_fraction" in answer["Reason"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ArtifactKey": "nothing.tar.gz"}, [f"s3://{SOURCE_BUCKET}/nothing.tar.gz", "no such object"]),
        ({"ArtifactBucket": "no-such-bucket"}, ["s3://no-such-bucket/", "no such object"]),
        ({"Dataset": "not-staged"}, ["No data set is staged", "python data_staging/stage.py"]),
        ({"Classes": ["motorcycle", "bicycle"]}, ["bicycle,motorcycle", "'classes'"]),
    ],
)
def test_what_can_not_be_evaluated_is_refused_in_one_line_before_anything_is_made(
    here: ArtifactCloud, changes: dict[str, Any], words: list[str]
) -> None:
    model_artifact.start(here.request(**changes), None)
    (answer,) = here.answers
    assert answer["Status"] == "FAILED"
    assert "\n" not in answer["Reason"]
    assert [word for word in words if word not in answer["Reason"]] == []
    assert (here.started(), here.jobs(), here.models(), here.kept()) == ([], [], [], {})


def test_an_artifact_that_may_not_be_read_is_said_to_be_so(
    here: ArtifactCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(**_: str) -> None:
        raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 403}}, "HeadObject")

    monkeypatch.setattr(model_artifact.s3, "head_object", forbid)
    model_artifact.start(here.request(), None)
    expected = (
        f"s3://{SOURCE_BUCKET}/{SOURCE_KEY} cannot be read: it is not there, or this deployment may not"
    )
    assert expected in here.answers[0]["Reason"]


def test_an_oversized_artifact_is_not_copied(here: ArtifactCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_artifact, "MAX_BYTES", 4)
    model_artifact.start(here.request(), None)
    assert "has 5 bytes: at most 4" in here.answers[0]["Reason"]
    assert here.kept() == {}


def test_answers_that_are_there_are_taken_and_no_second_job_is_started(here: ArtifactCloud) -> None:
    first = here.start()
    here.leave_answers(first)
    here.finish(first)
    again = here.start("Update", first["model"], AccuracyGate="0.9")
    assert (again["job"], again["model"], here.jobs()) == (first["job"], first["model"], [first["job"]])
    assert here.finish(again)["Status"] == "SUCCESS"


def test_a_job_in_progress_is_waited_for_and_not_started_again(here: ArtifactCloud) -> None:
    job = here.start()["job"]
    here.end(job, "InProgress")
    assert here.start()["job"] == job


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping", "Completed"])
def test_a_job_without_answers_is_tried_again_under_another_name(here: ArtifactCloud, status: str) -> None:
    job = here.start()["job"]
    here.end(job, status)
    assert here.start()["job"] == f"{job}-2"


def test_a_request_that_is_delivered_twice_is_evaluated_once(here: ArtifactCloud) -> None:
    model_artifact.start(request := here.request(), None)
    (job,) = here.jobs()
    here.end(job, "InProgress")
    model_artifact.start(request, None)
    assert (here.jobs(), len(here.started()), here.answers) == ([job], 1, [])


def test_a_start_that_was_cut_short_before_its_job_goes_on(
    here: ArtifactCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exists(**_: Any) -> None:
        error = {"Code": "ValidationException", "Message": 'Cannot create already existing model "arn".'}
        raise ClientError({"Error": error}, "CreateModel")

    monkeypatch.setattr(model_artifact.sagemaker, "create_model", exists)
    assert here.start()["job"] in here.jobs()


def test_a_job_that_can_not_be_created_leaves_no_model(
    here: ArtifactCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        error = {"Code": "ResourceLimitExceeded", "Message": "limit 'ml.m5.large for transform job usage'"}
        raise ClientError({"Error": error}, "CreateTransformJob")

    monkeypatch.setattr(model_artifact.sagemaker, "create_transform_job", refuse)
    model_artifact.start(here.request(), None)
    assert "ResourceLimitExceeded" in here.answers[0]["Reason"]
    assert here.models() == []


def test_other_data_are_another_evaluation_of_the_same_model(here: ArtifactCloud) -> None:
    here.stage("other")
    one, other = here.start(), here.start(Dataset="other")
    assert one["model"] == other["model"]
    assert one["job"] != other["job"]


def test_another_artifact_is_another_model_and_marks_the_former_one(here: ArtifactCloud) -> None:
    first = here.start()
    here.leave_answers(first)
    here.finish(first)
    here.put_artifact(b"another")
    second = here.start("Update", first["model"])
    here.leave_answers(second)
    assert here.finish(second)["PhysicalResourceId"] == second["model"]
    assert here.kept() == {first["model"]: True, second["model"]: False}
    here.put_artifact(b"model")
    assert here.finish(here.start("Update", second["model"]))["Status"] == "SUCCESS"
    assert here.kept() == {first["model"]: False, second["model"]: True}


def test_the_model_in_use_is_not_marked_when_new_data_speak_against_it(here: ArtifactCloud) -> None:
    first = here.start()
    here.leave_answers(first)
    here.finish(first)
    here.stage("other")
    second = here.start("Update", first["model"], Dataset="other")
    here.leave_answers(second, {path: [0.1, 0.9] for path in LABELS})
    assert here.finish(second)["Status"] == "FAILED"
    assert here.kept() == {first["model"]: False}


def test_a_failed_job_gives_its_own_reason(here: ArtifactCloud) -> None:
    waiting = here.start()
    here.end(waiting["job"], "Failed", "ClientError: the model\ncan not be loaded")
    answer = here.finish(waiting)
    assert answer["Status"] == "FAILED"
    assert "the model can not be loaded" in answer["Reason"]
    assert here.models() == []


def test_a_job_that_outlasts_the_deploy_is_stopped_and_refused(here: ArtifactCloud) -> None:
    waiting = here.start()
    here.end(waiting["job"], "InProgress")
    assert "evaluation_instance_type" in here.finish(waiting)["Reason"]
    described = here.sagemaker.describe_transform_job(TransformJobName=waiting["job"])
    assert described["TransformJobStatus"] == "Stopped"


def test_a_failure_of_the_waiting_itself_is_answered_too_and_leaves_no_job(here: ArtifactCloud) -> None:
    waiting = here.start()
    here.end(waiting["job"], "InProgress")
    assert "may not look" in here.finish(waiting, failure="AccessDenied: may not look")["Reason"]
    described = here.sagemaker.describe_transform_job(TransformJobName=waiting["job"])
    assert described["TransformJobStatus"] == "Stopped"


def test_a_delete_is_answered_at_once_and_leaves_the_model(here: ArtifactCloud) -> None:
    waiting = here.start()
    model_artifact.start(here.request("Delete", waiting["model"]), None)
    assert [(a["Status"], a["PhysicalResourceId"]) for a in here.answers] == [("SUCCESS", waiting["model"])]
    assert waiting["model"] in here.kept()


def test_the_longest_name_leaves_room_for_what_is_added(here: ArtifactCloud) -> None:
    properties = here.request(Name="n" * 32)["ResourceProperties"]
    assert len(name_job(properties, name_model(properties, "etag")) + "-99") <= 63
