"""The answer about a training job that has ended: which models pass, and that there always is an answer."""

import pytest

from lambdas.deploy import training as training_job
from tests.lambdas.deploy.training_cloud import BUCKET, Cloud, finished, started_job


def test_a_model_above_the_gate_is_handed_on(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Completed")
    cloud.log(
        job,
        "[07/21/2026 INFO 1] Epoch[0] Validation-accuracy=0.494792",
        "[07/21/2026 INFO 1] Storing the best model with validation accuracy: 0.494792",
        "[07/21/2026 INFO 1] Storing the best model with validation accuracy: 0.937500",
        "[07/21/2026 INFO 1] Epoch[2] Validation-accuracy=0.812500",
    )
    answer = finished(cloud, job)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", job)
    assert answer["Data"] == {
        "TrainingJobName": job,
        "ModelDataUrl": f"s3://{BUCKET}/models/{job}/output/model.tar.gz",
        "ValidationAccuracy": "0.9375",
    }
    assert {"StackId", "RequestId", "LogicalResourceId"} <= answer.keys()


def test_a_model_exactly_at_the_gate_passes(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.log(job, "Storing the best model with validation accuracy: 0.800000")
    assert finished(cloud, job)["Status"] == "SUCCESS"


def test_a_model_below_the_gate_is_refused_with_accuracy_gate_and_log(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.log(job, "Storing the best model with validation accuracy: 0.625000")
    answer = finished(cloud, job, kind="Update", resource_id="scones-old")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "scones-old")
    for word in ("0.6250", "accuracy_gate 0.8", "/aws/sagemaker/TrainingJobs", f"{job}/"):
        assert word in answer["Reason"]
    assert "\n" not in answer["Reason"]


def test_the_log_of_another_job_does_not_count(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.log(job, "Storing the best model with validation accuracy: 0.625000")
    cloud.log(f"{job}-2", "Storing the best model with validation accuracy: 0.990000")
    assert finished(cloud, job)["Status"] == "FAILED"


def test_without_a_line_in_the_log_the_metric_of_the_last_epoch_counts(cloud: Cloud) -> None:
    job = started_job(cloud)
    metrics = [
        {"MetricName": "train:accuracy", "Value": 0.99, "Timestamp": 1},
        {"MetricName": "validation:accuracy", "Value": 0.85, "Timestamp": 1},
    ]
    cloud.end(job, "Completed", final_metric_data_list=metrics)
    assert finished(cloud, job)["Data"]["ValidationAccuracy"] == "0.8500"


def test_a_job_that_tells_no_accuracy_is_refused(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Completed", final_metric_data_list=[])
    answer = finished(cloud, job)
    assert answer["Status"] == "FAILED"
    assert "no validation accuracy" in answer["Reason"]


def test_a_failed_job_gives_its_own_reason(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "Failed", failure_reason="ClientError: Invalid lst file\nin the train channel.")
    answer = finished(cloud, job)
    assert answer["Status"] == "FAILED"
    assert "Invalid lst file in the train channel." in answer["Reason"]


def test_a_job_that_outlasts_the_deploy_is_stopped_and_refused(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "InProgress")
    answer = finished(cloud, job)
    assert answer["Status"] == "FAILED"
    assert "training_instance_type" in answer["Reason"]
    assert cloud.sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"


def test_a_failure_of_the_waiting_itself_is_answered_too_and_leaves_no_job(cloud: Cloud) -> None:
    job = started_job(cloud)
    cloud.end(job, "InProgress")
    event = {"job": job, "model": job, "request": cloud.request(), "failure": "AccessDenied: may not look"}
    assert training_job.finish(event, None)["Status"] == "FAILED"
    assert "may not look" in cloud.answers[0]["Reason"]
    assert cloud.sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"


def test_a_new_model_marks_the_old_one_and_a_return_to_it_takes_the_mark_away(cloud: Cloud) -> None:
    old, new = started_job(cloud), started_job(cloud, Hyperparameters='{"epochs": "12"}')
    keys = {job: cloud.leave_model(job) for job in (old, new)}
    for job in (old, new):
        cloud.log(job, "Storing the best model with validation accuracy: 0.900000")

    def marked() -> list[str]:
        tags = {job: cloud.s3.get_object_tagging(Bucket=BUCKET, Key=keys[job])["TagSet"] for job in keys}
        return [job for job, tag in tags.items() if tag == [{"Key": "superseded", "Value": "true"}]]

    cloud.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    finished(cloud, old)
    assert marked() == []
    served = cloud.s3.head_object(Bucket=BUCKET, Key=keys[old])["VersionId"]
    finished(cloud, new, kind="Update", resource_id=old)
    assert marked() == [old]
    # Of itself its age would count from the day it was trained: it may be due at once, and still be served.
    assert cloud.s3.head_object(Bucket=BUCKET, Key=keys[old])["VersionId"] != served
    assert cloud.s3.get_object(Bucket=BUCKET, Key=keys[old])["Body"].read() == b"model"
    finished(cloud, old, kind="Update", resource_id=new)
    assert marked() == [new]


@pytest.mark.parametrize("character", ["x", '"', "é", "😀", "\0x"])
def test_an_endless_reason_is_cut_to_what_cloudformation_takes(cloud: Cloud, character: str) -> None:
    job = started_job(cloud)
    cloud.end(job, "Failed", failure_reason=character * 9000)
    assert finished(cloud, job)["Reason"].endswith("...")
