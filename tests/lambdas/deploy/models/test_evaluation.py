"""The evaluation of a model, trained or given: the job, which models pass, and that there is an answer."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lambdas.deploy.models import evaluation
from tests.lambdas.deploy.deploy_cloud import ALL_RIGHT, BUCKET, DATASET, LABELS, THREE_RIGHT, Cloud


def test_the_container_that_will_serve_answers_for_the_validation_split(cloud: Cloud) -> None:
    evaluated = cloud.evaluate(cloud.start())
    job = evaluated["evaluation"]
    described = cloud.sagemaker.describe_transform_job(TransformJobName=job)
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
    model = cloud.sagemaker.describe_model(ModelName=described["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == (
        f"s3://{BUCKET}/models/{evaluated['model']}/output/model.tar.gz"
    )
    assert "image-classification" in model["PrimaryContainer"]["Image"]


def test_a_model_that_may_be_anybodys_reaches_no_network(cloud: Cloud) -> None:
    properties = cloud.request()["ResourceProperties"]
    assert evaluation.build_model_request(properties, "job", "model")["EnableNetworkIsolation"] is True


def test_a_model_above_the_gate_is_handed_on_and_what_served_its_evaluation_is_removed(cloud: Cloud) -> None:
    answer = cloud.deploy()
    model = answer["PhysicalResourceId"]
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == {
        "ModelDataUrl": f"s3://{BUCKET}/models/{model}/output/model.tar.gz",
        "ValidationAccuracy": "1.0000",
        "Dataset": DATASET,
    }
    assert {"StackId", "RequestId", "LogicalResourceId"} <= answer.keys()
    assert cloud.evaluated_models() == []
    assert cloud.marked() == {model: False}


def test_the_accuracy_is_the_share_of_most_probable_classes_that_are_right(cloud: Cloud) -> None:
    answers = {
        "bicycle/0.png": [0.9, 0.1],
        "bicycle/1.png": {"prediction": [0.6, 0.4]},
        "bicycle/2.png": [0.4, 0.6],
        "motorcycle/0.png": [1.0, 0.0],
        "motorcycle/1.png": b'{"prediction": [0.2, 0.8]}\n',
    }
    answer = cloud.deploy(answers=answers, AccuracyGate="0.6")
    assert (answer["Status"], answer["Data"]["ValidationAccuracy"]) == ("SUCCESS", "0.6000")


@pytest.mark.parametrize("way", ["training", "artifact"])
def test_a_model_below_the_gate_is_refused_with_accuracy_gate_and_log_and_marked_for_removal(
    request: pytest.FixtureRequest, way: str
) -> None:
    cloud: Cloud = request.getfixturevalue(way)
    evaluated = cloud.evaluate(cloud.start("Update", "scones-old"))
    answer = cloud.finish(evaluated, THREE_RIGHT)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "scones-old")
    log = ("Transform", evaluated["evaluation"]) if way == "artifact" else ("Training", evaluated["model"])
    for word in ("0.6000", "accuracy_gate 0.8", f"/aws/sagemaker/{log[0]}Jobs, stream {log[1]}/"):
        assert word in answer["Reason"]
    assert "\n" not in answer["Reason"]
    assert cloud.evaluated_models() == []
    assert cloud.marked() == {evaluated["model"]: True}


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
    artifact: Cloud, garbage: Any, words: str
) -> None:
    answer = artifact.deploy(answers={**ALL_RIGHT, "bicycle/1.png": garbage})
    assert answer["Status"] == "FAILED"
    assert "bicycle/1.png" in answer["Reason"]
    assert words in answer["Reason"]
    assert "\n" not in answer["Reason"]


def test_a_missing_answer_is_no_right_one(cloud: Cloud) -> None:
    answer = cloud.deploy(answers={path: ALL_RIGHT[path] for path in list(LABELS)[1:]})
    assert answer["Status"] == "FAILED"
    assert "no answer for 1 of 5 validation pictures, bicycle/0.png" in answer["Reason"]


def test_an_evaluation_in_progress_is_waited_for_and_not_started_again(cloud: Cloud) -> None:
    waiting = cloud.start()
    job = cloud.evaluate(waiting)["evaluation"]
    cloud.end(job, "InProgress")
    assert cloud.evaluate(waiting)["evaluation"] == job


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping", "Completed"])
def test_an_evaluation_that_left_no_verdict_is_tried_again_under_another_name(
    cloud: Cloud, status: str
) -> None:
    job = cloud.evaluate(cloud.start())["evaluation"]
    cloud.end(job, status)
    assert cloud.evaluate(cloud.start())["evaluation"] == f"{job}-2"


def test_an_evaluation_that_was_cut_short_before_its_job_goes_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://api.sagemaker")

    waiting = cloud.start()
    with monkeypatch.context() as cut:
        cut.setattr(evaluation.sagemaker, "create_transform_job", time_out)
        assert "ReadTimeoutError" in cloud.evaluate(waiting)["failure"]
    assert len(cloud.evaluated_models()) == 1
    assert cloud.evaluate(waiting)["evaluation"] in cloud.transform_jobs()


def test_an_evaluation_that_can_not_be_started_is_answered_and_leaves_no_model(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        error = {"Code": "ResourceLimitExceeded", "Message": "limit 'ml.m5.large for transform job usage'"}
        raise ClientError({"Error": error}, "CreateTransformJob")

    monkeypatch.setattr(evaluation.sagemaker, "create_transform_job", refuse)
    answer = cloud.deploy()
    assert answer["Status"] == "FAILED"
    assert "ResourceLimitExceeded" in answer["Reason"]
    assert cloud.evaluated_models() == []


def test_an_evaluation_that_failed_gives_its_own_reason(cloud: Cloud) -> None:
    evaluated = cloud.evaluate(cloud.start())
    cloud.end(evaluated["evaluation"], "Failed", "ClientError: the model\ncan not be loaded")
    answer = cloud.end_waiting(evaluated)
    assert answer["Status"] == "FAILED"
    assert "the model can not be loaded" in answer["Reason"]
    assert cloud.evaluated_models() == []


def test_a_training_that_failed_gives_its_own_reason_and_is_not_evaluated(training: Cloud) -> None:
    waiting = training.start()
    training.end(waiting["model"], "Failed", "ClientError: Invalid lst file\nin the train channel.")
    answer = training.deploy_on(waiting)
    assert answer["Status"] == "FAILED"
    assert "Invalid lst file in the train channel." in answer["Reason"]
    assert training.transform_jobs() == []


def test_a_training_that_outlasts_the_deploy_is_stopped_and_refused(training: Cloud) -> None:
    waiting = training.start()
    training.end(waiting["model"], "InProgress")
    answer = training.deploy_on(waiting)
    assert answer["Status"] == "FAILED"
    assert "choose fewer epochs or a faster training_instance_type" in answer["Reason"]
    assert training.status(waiting["model"]) == "Stopped"


def test_an_evaluation_that_outlasts_the_deploy_is_stopped_and_refused_with_a_remedy_that_helps(
    cloud: Cloud,
) -> None:
    evaluated = cloud.evaluate(cloud.start())
    cloud.end(evaluated["evaluation"], "InProgress")
    answer = cloud.end_waiting(evaluated)
    assert answer["Status"] == "FAILED"
    assert "evaluation_instance_type" in answer["Reason"]
    assert cloud.status(evaluated["evaluation"]) == "Stopped"
    if cloud.way == "training":
        assert "deploy again, and the trained model is taken as it is" in answer["Reason"]
        assert cloud.deploy()["PhysicalResourceId"] == evaluated["model"]
        assert cloud.training_jobs() == [evaluated["model"]]


def test_a_failure_of_the_waiting_itself_is_answered_too_and_leaves_nothing_that_runs(cloud: Cloud) -> None:
    evaluated = cloud.evaluate(cloud.start())
    running = [evaluated["evaluation"], *cloud.training_jobs()]
    for job in running:
        cloud.end(job, "InProgress")
    answer = cloud.end_waiting({**evaluated, "failure": "Waiting for the model failed: may not look"})
    assert answer["Status"] == "FAILED"
    assert "may not look" in answer["Reason"]
    assert [cloud.status(job) for job in running] == ["Stopped"] * len(running)
    assert cloud.evaluated_models() == []


@pytest.mark.parametrize("character", ["x", '"', "é", "😀", "\0x"])
def test_an_endless_reason_is_cut_to_what_cloudformation_takes(training: Cloud, character: str) -> None:
    waiting = training.start()
    training.end(waiting["model"], "Failed", character * 9000)
    assert training.deploy_on(waiting)["Reason"].endswith("...")


def test_the_longest_name_leaves_room_for_what_is_added(cloud: Cloud) -> None:
    evaluated = cloud.evaluate(cloud.start(Name="n" * 32))
    assert len(evaluated["evaluation"] + "-99") <= 63
    assert len(evaluated["model"] + "-99") <= 63
