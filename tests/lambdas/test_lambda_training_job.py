"""The custom resource that trains: what it starts, takes over and refuses, and that it always answers."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from time import time
from typing import Any

import moto
import pytest

NAME = "scones"
BUCKET = "scones-bucket"
DATASET = "d1ce"
MANIFEST = {
    "format": 1,
    "dataset": DATASET,
    "classes": ["bicycle", "motorcycle"],
    "splits": {"train": {"count": 900}, "validation": {"count": 100}, "test": {"count": 200}},
}
MACHINE = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}},
}

with pytest.MonkeyPatch.context() as patch:
    for variable in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(variable, "us-east-1")
    from lambdas import model_gate, training_job
    from lambdas.training_inputs import TrainingInputs


class Cloud:
    """What the functions meet: moto's services, and a place where CloudFormation listens for answers."""

    def __init__(self, address: str, answers: list[dict[str, Any]], machine: str) -> None:
        self.answers = answers
        self.machine = machine
        self.sagemaker = training_job.sagemaker
        self.s3 = training_job.s3
        self.step_functions = training_job.step_functions
        self.logs = model_gate.logs
        self._address = address
        self._requests = 0

    def request(self, kind: str = "Create", resource_id: str | None = None, **changes: Any) -> dict[str, Any]:
        self._requests += 1
        properties = {
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:scones-training-start",
            "Name": NAME,
            "Bucket": BUCKET,
            "Dataset": DATASET,
            "Classes": ["bicycle", "motorcycle"],
            "Hyperparameters": json.dumps({"epochs": "10"}),
            "Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
            "RoleArn": "arn:aws:iam::123456789012:role/training",
            "InstanceType": "ml.g4dn.xlarge",
            "InstanceCount": "1",
            "Mode": "on-demand",
            "MaxSeconds": "3000",
            "MaxWaitSeconds": "3420",
            "AccuracyGate": "0.8",
            **changes,
        }
        identity = {"PhysicalResourceId": resource_id} if resource_id else {}
        return {
            "RequestType": kind,
            "ResponseURL": self._address,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/scones-training/1",
            "RequestId": f"request-{self._requests}",
            "LogicalResourceId": "TrainingJob",
            "ResourceType": "Custom::TrainingJob",
            "ResourceProperties": properties,
            **identity,
        }

    def jobs(self) -> list[str]:
        listed = self.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        return sorted(job["TrainingJobName"] for job in listed)

    def started(self) -> list[dict[str, Any]]:
        """Inputs of the executions that wait for jobs, oldest first."""
        arns = [
            execution["executionArn"]
            for execution in self.step_functions.list_executions(stateMachineArn=self.machine)["executions"]
        ]
        described = [self.step_functions.describe_execution(executionArn=arn) for arn in arns]
        return [json.loads(d["input"]) for d in sorted(described, key=lambda d: d["name"])]

    def end(self, job: str, status: str, **fields: Any) -> None:
        """Ends a job, which on moto is complete as soon as it is created."""
        backend = moto.backends.get_backend("sagemaker")["123456789012"]["us-east-1"]
        made = backend.training_jobs[job]
        made.training_job_status = made.secondary_status = status
        for name, value in fields.items():
            setattr(made, name, value)

    def leave_model(self, job: str) -> str:
        key = f"models/{job}/output/model.tar.gz"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"model")
        return key

    def log(self, job: str, *lines: str) -> None:
        stream = f"{job}/algo-1-1700000000"
        if not self.logs.describe_log_groups(logGroupNamePrefix=model_gate.LOG_GROUP)["logGroups"]:
            self.logs.create_log_group(logGroupName=model_gate.LOG_GROUP)
        self.logs.create_log_stream(logGroupName=model_gate.LOG_GROUP, logStreamName=stream)
        now = int(time() * 1000)
        self.logs.put_log_events(
            logGroupName=model_gate.LOG_GROUP,
            logStreamName=stream,
            logEvents=[{"timestamp": now + i, "message": line} for i, line in enumerate(lines)],
        )


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    answers: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert not self.headers["Content-Type"]
            length = int(self.headers["Content-Length"])
            assert length <= 4096, "CloudFormation takes no more"
            answers.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with moto.mock_aws(), HTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        s3, step_functions = training_job.s3, training_job.step_functions
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=f"datasets/{DATASET}/manifest.json", Body=json.dumps(MANIFEST))
        machine = step_functions.create_state_machine(
            name="scones-training",
            definition=json.dumps(MACHINE),
            roleArn="arn:aws:iam::123456789012:role/waiting",
        )["stateMachineArn"]
        monkeypatch.setenv("STATE_MACHINE_ARN", machine)
        cloud = Cloud(f"http://127.0.0.1:{server.server_port}/answer", answers, machine)
        # moto has no such operation.
        monkeypatch.setattr(
            training_job.sagemaker,
            "stop_training_job",
            lambda TrainingJobName: cloud.end(TrainingJobName, "Stopped"),
        )
        yield cloud
        server.shutdown()


def started_job(cloud: Cloud, **changes: Any) -> str:
    """Starts a job and returns its name."""
    training_job.start(cloud.request(**changes), None)
    assert cloud.answers == []
    return str(cloud.started()[-1]["job"])


def finished(cloud: Cloud, job: str, **changes: Any) -> dict[str, Any]:
    """Lets a job that left a model be checked; returns the answer that CloudFormation got."""
    cloud.leave_model(job)
    training_job.finish({"job": job, "request": cloud.request(**changes)}, None)
    return cloud.answers[-1]


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
    inputs = TrainingInputs.from_properties(cloud.request(Mode="spot")["ResourceProperties"])
    request = inputs.request("job", MANIFEST)
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
    event = {"job": job, "request": cloud.request(), "failure": "AccessDenied: may not look"}
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


@pytest.mark.parametrize("character", ["x", '"', "é", "😀", "\0x"])
def test_an_endless_reason_is_cut_to_what_cloudformation_takes(cloud: Cloud, character: str) -> None:
    job = started_job(cloud)
    cloud.end(job, "Failed", failure_reason=character * 9000)
    assert finished(cloud, job)["Reason"].endswith("...")
