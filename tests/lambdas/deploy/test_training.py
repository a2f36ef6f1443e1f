"""The custom resource that trains: what it starts, takes over, refuses and stops."""

from typing import Any

import pytest

from lambdas.deploy import training as training_job
from lambdas.deploy.training_inputs import build_job_request
from tests.lambdas.deploy.training_cloud import BUCKET, DATASET, MANIFEST, Cloud, started_job


def test_a_create_starts_a_job_on_the_staged_data_and_waits_for_it(cloud: Cloud) -> None:
    training_job.start(request := cloud.request(), None)
    (job,) = cloud.jobs()
    assert job.startswith("scones-")
    description = cloud.sagemaker.describe_training_job(TrainingJobName=job)
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
    assert description["StoppingCondition"] == {"MaxRuntimeInSeconds": 3000}
    (waiting,) = cloud.started()
    assert (waiting["job"], waiting["request"]) == (job, request)
    assert cloud.answers == []


def test_spot_training_says_how_long_to_wait_for_capacity(cloud: Cloud) -> None:
    request = build_job_request(cloud.request(Mode="spot")["ResourceProperties"], "job", MANIFEST)
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3000, "MaxWaitTimeInSeconds": 3420}


def test_the_same_inputs_take_the_completed_job_and_train_nothing(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Completed")
    cloud.leave_model(job)
    assert started_job(cloud, kind="Update", resource_id=job) == job
    assert cloud.jobs() == [job]


def test_another_gate_is_no_other_training(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Completed")
    cloud.leave_model(job)
    assert started_job(cloud, AccuracyGate="0.95") == job


@pytest.mark.parametrize(
    "changes",
    [
        {"Hyperparameters": '{"epochs": "11"}'},
        {"InstanceType": "ml.p3.2xlarge"},
        {"Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:2"},
    ],
)
def test_other_inputs_are_another_job(cloud: Cloud, changes: dict[str, str]) -> None:
    job = started_job(cloud)
    assert started_job(cloud, **changes) != job


def test_a_job_in_progress_is_waited_for_and_not_started_again(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "InProgress")
    assert started_job(cloud) == job


def test_a_request_that_is_delivered_twice_is_waited_for_once(cloud: Cloud) -> None:
    training_job.start(request := cloud.request(), None)
    (job,) = cloud.jobs()
    cloud.end(job, "InProgress")
    training_job.start(request, None)
    assert (cloud.jobs(), len(cloud.started()), cloud.answers) == ([job], 1, [])


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping"])
def test_what_failed_with_the_same_inputs_is_tried_again_under_another_name(
    cloud: Cloud, status: str
) -> None:
    job = started_job(cloud)
    cloud.end(job, status)
    assert started_job(cloud) == f"{job}-2"


def test_a_completed_job_whose_model_is_gone_is_trained_again(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Completed")
    assert started_job(cloud) == f"{job}-2"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Dataset": "not-staged"}, ["No data set is staged", "python data_staging/stage.py"]),
        (
            {"Dataset": "gone"},
            ["s3://scones-bucket/datasets/gone/manifest.json", "python data_staging/stage.py"],
        ),
        ({"Classes": ["motorcycle", "bicycle"]}, ["bicycle,motorcycle", "motorcycle,bicycle", "'classes'"]),
        ({"Bucket": "no-such-bucket"}, ["NoSuchBucket"]),
    ],
)
def test_data_that_can_not_be_trained_on_are_refused_in_one_line(
    cloud: Cloud, changes: dict[str, Any], words: list[str]
) -> None:
    training_job.start(cloud.request(**changes), None)
    (answer,) = cloud.answers
    assert answer["Status"] == "FAILED"
    assert "\n" not in answer["Reason"]
    assert [word for word in words if word not in answer["Reason"]] == []
    assert cloud.jobs() == []
    assert cloud.started() == []


def test_an_update_that_is_refused_keeps_the_resource_it_was(cloud: Cloud) -> None:
    training_job.start(cloud.request("Update", "scones-old", Dataset="not-staged"), None)
    assert cloud.answers[0]["PhysicalResourceId"] == "scones-old"


def test_a_delete_is_answered_at_once_and_leaves_the_model(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Completed")
    key = cloud.leave_model(job)
    training_job.start(cloud.request("Delete", job), None)
    assert [(a["Status"], a["PhysicalResourceId"]) for a in cloud.answers] == [("SUCCESS", job)]
    assert cloud.s3.head_object(Bucket=BUCKET, Key=key)


def test_a_delete_stops_a_job_that_runs(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "InProgress")
    training_job.start(cloud.request("Delete", job), None)
    assert cloud.answers[0]["Status"] == "SUCCESS"
    assert cloud.sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"


def test_a_delete_of_what_never_started_succeeds(cloud: Cloud) -> None:
    training_job.start(cloud.request("Delete", "scones-not-started"), None)
    assert cloud.answers[0]["Status"] == "SUCCESS"
