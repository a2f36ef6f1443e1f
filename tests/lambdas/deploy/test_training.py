"""The custom resource that trains: which job it starts, takes over and refuses to start."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.training_inputs import build_job_request, check_batch_size
from tests.lambdas.deploy.deploy_cloud import BUCKET, DATASET, MANIFEST, Cloud


def test_a_create_starts_a_job_on_the_staged_data_and_waits_for_it(training: Cloud) -> None:
    training.send(request := training.request())
    (job,) = training.training_jobs()
    assert job.startswith("scones--")
    description = training.sagemaker.describe_training_job(TrainingJobName=job)
    assert description["HyperParameters"] == {
        "epochs": "10",
        "num_classes": "2",
        "num_training_samples": "900",
    }
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in description["InputDataConfig"]
    }
    prefix = f"s3://{BUCKET}/datasets/{DATASET}"
    assert channels == {
        "train": f"{prefix}/train/",
        "validation": f"{prefix}/validation/",
        "train_lst": f"{prefix}/train.lst",
        "validation_lst": f"{prefix}/validation.lst",
    }
    assert {channel["ContentType"] for channel in description["InputDataConfig"]} == {"application/x-image"}
    assert description["OutputDataConfig"]["S3OutputPath"] == f"s3://{BUCKET}/models/"
    assert description["StoppingCondition"] == {"MaxRuntimeInSeconds": 2700}
    (waiting,) = training.started()
    assert (waiting["model"], waiting["request"]) == (job, request)
    # The training ends so early that its evaluation has time.
    assert waiting["deadline_ms"] - waiting["training_deadline_ms"] == 480_000
    assert training.answers == []


def test_spot_training_says_how_long_to_wait_for_capacity(training: Cloud) -> None:
    request = build_job_request(training.request(Mode="spot")["ResourceProperties"], "job", MANIFEST)
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 2700, "MaxWaitTimeInSeconds": 2940}


def test_a_completed_job_is_taken_and_only_evaluated(training: Cloud) -> None:
    job = training.start()["model"]
    training.leave_model(job)
    assert training.start("Update", job)["model"] == job
    assert training.training_jobs() == [job]


@pytest.mark.parametrize(
    "changes",
    [
        {"Hyperparameters": '{"epochs": "11"}'},
        {"InstanceType": "ml.p3.2xlarge"},
        {"Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:2"},
    ],
)
def test_other_inputs_are_another_job(training: Cloud, changes: dict[str, str]) -> None:
    job = training.start()["model"]
    assert training.start(**changes)["model"] != job


def test_a_job_in_progress_is_waited_for_and_not_started_again(training: Cloud) -> None:
    job = training.start()["model"]
    training.end(job, "InProgress")
    assert training.start()["model"] == job


def test_a_request_that_is_delivered_twice_is_waited_for_once(cloud: Cloud) -> None:
    cloud.send(request := cloud.request())
    jobs = cloud.training_jobs()
    for job in jobs:
        cloud.end(job, "InProgress")
    cloud.send(request)
    assert (cloud.training_jobs(), len(cloud.started()), cloud.answers) == (jobs, 1, [])


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping"])
def test_what_failed_with_the_same_inputs_is_tried_again_under_another_name(
    training: Cloud, status: str
) -> None:
    job = training.start()["model"]
    training.end(job, status)
    assert training.start()["model"] == f"{job}-2"
    training.end(f"{job}-2", status)
    assert training.start()["model"] == f"{job}-3"


def test_a_completed_job_whose_model_is_gone_is_trained_and_judged_again(training: Cloud) -> None:
    answer = training.deploy()
    first = answer["PhysicalResourceId"]
    training.s3.delete_object(Bucket=BUCKET, Key=f"models/{first}/output/model.tar.gz")
    assert training.deploy("Update", first)["PhysicalResourceId"] == f"{first}-2"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Dataset": "not-staged"}, ["No data set is staged", "python data_staging/stage.py"]),
        (
            {"Dataset": "gone"},
            ["s3://scones-bucket/datasets/gone/manifest.json", "python data_staging/stage.py"],
        ),
        ({"Classes": ["motorcycle", "bicycle"]}, ["bicycle,motorcycle", "motorcycle,bicycle", "'classes'"]),
        (
            {"Classes": ["bicycle", "motorcycle", "other"], "OtherClass": "other"},
            ["has the other_class none, the setting says other", "python data_staging/stage.py"],
        ),
        ({"Bucket": "no-such-bucket"}, ["NoSuchBucket"]),
        ({"Dataset": "unproved"}, ["Data set unproved has no validation pictures", "validation_fraction"]),
    ],
)
def test_data_that_can_not_be_trained_on_or_judged_by_are_refused_in_one_line_before_anything_is_made(
    cloud: Cloud, changes: dict[str, Any], words: list[str]
) -> None:
    cloud.stage("unproved", {}, validation=0)
    answer = cloud.ask(**changes)
    assert answer["Status"] == "FAILED"
    assert "\n" not in answer["Reason"]
    assert [word for word in words if word not in answer["Reason"]] == []
    assert (cloud.training_jobs(), cloud.evaluated_models(), cloud.marked()) == ([], [], {})


def test_an_update_that_is_refused_keeps_the_resource_it_was(cloud: Cloud) -> None:
    assert cloud.ask("Update", "scones-old", Dataset="not-staged")["PhysicalResourceId"] == "scones-old"


@pytest.mark.parametrize(
    ("train", "validation", "hyperparameters", "refused"),
    [
        (900, 100, {}, None),
        (32, 32, {}, None),
        (81, 9, {}, "The validation split of data set few has 9 pictures, and mini_batch_size is 32"),
        (900, 31, {}, "mini_batch_size to 31 or less"),
        (20, 16, {"mini_batch_size": "16"}, None),
        (15, 16, {"mini_batch_size": "16"}, "The train split of data set few has 15 pictures"),
        (900, 100, {"mini_batch_size": "5000"}, "mini_batch_size to 100 or less"),
    ],
)
def test_a_split_smaller_than_a_batch_is_refused_with_the_remedy_before_an_instance_is_paid(
    training: Cloud, train: int, validation: int, hyperparameters: dict[str, str], refused: str | None
) -> None:
    training.stage("few", train=train, validation=validation)
    changes = {"Dataset": "few", "Hyperparameters": json.dumps(hyperparameters)}
    if refused is None:
        assert training.start(**changes)["model"] in training.training_jobs()
    else:
        answer = training.ask(**changes)
        assert answer["Status"] == "FAILED"
        assert refused in answer["Reason"]
        assert training.training_jobs() == []


@given(train=st.integers(1, 200), validation=st.integers(1, 200), batch_size=st.integers(1, 200))
def test_who_does_as_the_refusal_says_is_refused_no_more(
    train: int, validation: int, batch_size: int
) -> None:
    manifest = {"splits": {"train": {"count": train}, "validation": {"count": validation}}}

    def check(size: int) -> None:
        properties = {"Dataset": "d1ce", "Hyperparameters": json.dumps({"mini_batch_size": str(size)})}
        check_batch_size(properties, manifest)

    if batch_size <= min(train, validation):
        check(batch_size)
        return
    with pytest.raises(ModelRefused) as refusal:
        check(batch_size)
    remedy = str(refusal.value).split("mini_batch_size to ")[1].split()[0]
    check(int(remedy))
