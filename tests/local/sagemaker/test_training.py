"""Training jobs run as on AWS: states, data, log, metrics, artifact, failures and ends."""

import io
import json
import os
import re
import tarfile
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker.server import BUCKET, IMAGE, ROLE, Server, channel, processes, wait_for

UNDER_WAY = {"HyperParameters": {"seconds": "60"}}


def artifact(server: Server, name: str) -> dict[str, Any]:
    body = server.client("s3").get_object(Bucket=BUCKET, Key=f"models/{name}/output/model.tar.gz")["Body"]
    with tarfile.open(fileobj=io.BytesIO(body.read())) as archive:
        model = archive.extractfile("model.json")
        assert model is not None
        return dict(json.load(model))


def log_of(server: Server, name: str) -> list[str]:
    logs = server.client("logs")
    group, prefix = "/aws/sagemaker/TrainingJobs", f"{name}/algo-1-"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
    if not streams:
        return []
    events = logs.get_log_events(
        logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True
    )
    return [event["message"] for event in events["events"]]


def wait_until_training(server: Server, name: str) -> None:
    wait_for(lambda: "waiting" in log_of(server, name))


def refusal(server: Server, name: str, **changes: Any) -> str:
    with pytest.raises(ClientError) as caught:
        server.train(name, **changes)
    return str(caught.value)


def test_a_job_runs_through_awss_stages_to_an_artifact(server: Server) -> None:
    server.train("whole", HyperParameters={"bias": "0.25"}, Environment={"SCONES_SEED": "7"})
    job = server.finished("whole")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    stages = [stage["Status"] for stage in job["SecondaryStatusTransitions"]]
    assert stages == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(stage["EndTime"] >= stage["StartTime"] for stage in job["SecondaryStatusTransitions"])
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics == pytest.approx({"train:accuracy": 0.6, "validation:accuracy": 0.7})
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/whole/output/model.tar.gz"
    assert "FailureReason" not in job
    model = artifact(server, "whole")
    assert model["bias"] == 0.25
    assert model["environment"]["SCONES_SEED"] == "7"
    assert not [name for name in model["environment"] if name.startswith("AWS_")]
    assert model["files"] == [
        "input/config/hyperparameters.json",
        "input/config/inputdataconfig.json",
        "input/config/resourceconfig.json",
        "input/data/train/bicycle/a.png",
        "input/data/train/motorcycle/b.png",
        "input/data/train_lst/train.lst",
    ]
    assert log_of(server, "whole")[:2] == [
        "Epoch[0] Train-accuracy=0.500000",
        "Epoch[0] Validation-accuracy=0.600000",
    ]
    assert not list((server.home / "sagemaker" / "jobs").iterdir())


def test_a_description_has_what_aws_fills_in(server: Server) -> None:
    bare = channel("train", f"s3://{BUCKET}/data/train/")
    del bare["DataSource"]["S3DataSource"]["S3DataDistributionType"]
    server.train(
        "described",
        InputDataConfig=[bare],
        DebugHookConfig={"S3OutputPath": f"s3://{BUCKET}/models/"},
        ProfilerConfig={"S3OutputPath": f"s3://{BUCKET}/models/"},
    )
    job = server.finished("described")
    definitions = job["AlgorithmSpecification"].pop("MetricDefinitions")
    assert [metric["Name"] for metric in definitions] == ["train:accuracy", "validation:accuracy"]
    line = "[10/04/2025 21:46:17 INFO 1] Epoch[0] {}-accuracy=0.613911"
    for metric, phase in zip(definitions, ("Train", "Validation"), strict=True):
        assert re.findall(metric["Regex"], line.format(phase)) == ["0.613911"]
    assert job["AlgorithmSpecification"] == {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "EnableSageMakerMetricsTimeSeries": False,
    }
    assert job["OutputDataConfig"] == {
        "KmsKeyId": "",
        "S3OutputPath": f"s3://{BUCKET}/models/",
        "CompressionType": "GZIP",
    }
    [described] = job["InputDataConfig"]
    assert (described["CompressionType"], described["RecordWrapperType"]) == ("None", "None")
    assert described["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "FullyReplicated"
    assert job["DebugHookConfig"]["CollectionConfigurations"] == []
    assert job["ProfilerConfig"]["ProfilingIntervalInMilliseconds"] == 500
    assert job["ProfilerConfig"]["DisableProfiler"] is False
    assert job["ProfilingStatus"] == "Enabled"
    for switch in ("NetworkIsolation", "InterContainerTrafficEncryption", "ManagedSpotTraining"):
        assert job[f"Enable{switch}"] is False


@pytest.mark.parametrize("config", [{}, {"ProfilerConfig": {"DisableProfiler": True}}])
def test_a_job_that_asks_for_no_profile_has_none(server: Server, config: dict[str, Any]) -> None:
    name = f"unprofiled-{len(config)}"
    server.train(name, **config)
    assert server.finished(name)["ProfilingStatus"] == "Disabled"


def test_the_metrics_of_a_job_that_has_ended_are_in_cloudwatch(server: Server) -> None:
    server.train("measured")
    job = server.finished("measured")

    def statistics(metric: str) -> dict[str, Any]:
        [point] = server.client("cloudwatch").get_metric_statistics(
            Namespace="/aws/sagemaker/TrainingJobs",
            MetricName=metric,
            Dimensions=[{"Name": "TrainingJobName", "Value": "measured"}],
            StartTime=job["TrainingStartTime"],
            EndTime=job["TrainingEndTime"] + timedelta(minutes=1),
            Period=3600,
            Statistics=["SampleCount", "Minimum", "Maximum"],
        )["Datapoints"]
        return dict(point)

    found = statistics("validation:accuracy")
    assert (found["SampleCount"], found["Minimum"], found["Maximum"]) == (2, 0.6, 0.7)
    assert statistics("train:accuracy")["Minimum"] == 0.5


def test_a_role_that_may_not_count_metrics_still_trains(server: Server) -> None:
    iam = server.client("iam")
    trust = json.dumps(iam.get_role(RoleName="learner")["Role"]["AssumeRolePolicyDocument"])
    role = iam.create_role(RoleName="uncounted", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="uncounted", PolicyName="rest", PolicyDocument=policy)
    server.train("uncounted", RoleArn=role)
    job = server.finished("uncounted")
    assert job["TrainingJobStatus"] == "Completed"
    assert len(job["FinalMetricDataList"]) == 2
    metrics = server.client("cloudwatch").list_metrics(
        Dimensions=[{"Name": "TrainingJobName", "Value": "uncounted"}]
    )
    assert metrics["Metrics"] == []


def test_a_job_that_may_not_log_says_so_in_its_status(server: Server) -> None:
    iam = server.client("iam")
    trust = json.dumps(iam.get_role(RoleName="learner")["Role"]["AssumeRolePolicyDocument"])
    role = iam.create_role(RoleName="mute", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="mute", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    fault = "Its log is not written: User: arn:aws:sts::000000000000:assumed-role/mute/SageMaker is not"

    server.train("unheard", RoleArn=role)
    job = server.finished("unheard")
    assert job["TrainingJobStatus"] == "Completed"
    messages = {stage["Status"]: stage["StatusMessage"] for stage in job["SecondaryStatusTransitions"]}
    assert messages["Training"].startswith(
        f"Training image download completed. Training in progress. {fault} authorized to perform: logs:"
    )
    server.train("unheard-failure", RoleArn=role, HyperParameters={"fail": "Customer Error: too few"})
    reason = server.finished("unheard-failure")["FailureReason"]
    assert reason.startswith("ClientError: Customer Error: too few, exit code: 1. Its log is not written: ")


def test_a_container_finds_the_request_in_its_configuration(server: Server) -> None:
    for key in ("earlier/output/model.tar.gz", "records/train-1.rec", "records/train-2.rec"):
        server.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")
    kinds = {"train": "application/x-recordio", "model": "application/x-sagemaker-model"}
    channels = [
        {**channel("train", f"s3://{BUCKET}/records/"), "ContentType": kinds["train"]},
        {**channel("model", f"s3://{BUCKET}/earlier/output/model.tar.gz"), "ContentType": kinds["model"]},
        {**channel("validation", f"s3://{BUCKET}/records/train-2.rec"), "InputMode": "FastFile"},
    ]
    server.train("told", HyperParameters={"bias": "0.5"}, InputDataConfig=channels)
    server.finished("told")
    model = artifact(server, "told")
    assert [file for file in model["files"] if file.startswith("input/data/")] == [
        "input/data/model/model.tar.gz",
        "input/data/train/train-1.rec",
        "input/data/train/train-2.rec",
        "input/data/validation/train-2.rec",
    ]
    rest = {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    group = {
        "instance_group_name": "homogeneousCluster",
        "instance_type": "ml.g4dn.xlarge",
        "hosts": ["algo-1"],
    }
    assert model["config"] == {
        "hyperparameters": {"bias": "0.5"},
        "inputdataconfig": {
            "train": {"ContentType": kinds["train"], **rest},
            "model": {"ContentType": kinds["model"], **rest},
            "validation": {"ContentType": "application/x-image", **rest},
        },
        "resourceconfig": {
            "current_host": "algo-1",
            "current_instance_type": "ml.g4dn.xlarge",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [group],
            "network_interface_name": "lo",
        },
    }


def test_a_job_that_fails_says_why_and_leaves_no_model(server: Server) -> None:
    server.train("failing", HyperParameters={"fail": "ClientError: The value of epochs is wrong."})
    job = server.finished("failing")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: The value of epochs is wrong., exit code: 1"
    keys = [item["Key"] for item in server.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert not [key for key in keys if "failing" in key]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("no idea", "AlgorithmError: no idea, exit code: 1"),
        ("Customer Error: Invalid lst file.", "ClientError: Customer Error: Invalid lst file., exit code: 1"),
    ],
)
def test_a_failure_is_the_customers_or_the_algorithms(server: Server, said: str, reason: str) -> None:
    name = f"failing-{len(said)}"
    server.train(name, HyperParameters={"fail": said})
    assert server.finished(name)["FailureReason"] == reason


def test_a_stopped_job_keeps_its_model_and_leaves_no_process(server: Server) -> None:
    mark = f"left-by-{os.getpid()}"
    gate = server.home / "training-gate"
    server.train("stopped", HyperParameters={"seconds": "60", "child": mark, "gate": str(gate)})
    wait_until_training(server, "stopped")
    sagemaker = server.client("sagemaker")
    sagemaker.stop_training_job(TrainingJobName="stopped")
    assert sagemaker.describe_training_job(TrainingJobName="stopped")["TrainingJobStatus"] == "Stopping"
    gate.touch()
    job = server.finished("stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert artifact(server, "stopped")["bias"] == 0.9
    assert not processes(f"# {mark}")
    with pytest.raises(ClientError, match="rejected because the training job is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="stopped")


def test_a_job_ends_when_its_time_is_up(server: Server) -> None:
    server.train("late", **UNDER_WAY, StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = server.finished("late")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert artifact(server, "late")["bias"] == 0.9


def test_the_log_can_be_read_while_the_job_runs(server: Server) -> None:
    server.train("live", **UNDER_WAY)
    wait_until_training(server, "live")
    job = server.client("sagemaker").describe_training_job(TrainingJobName="live")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("InProgress", "Training")
    with pytest.raises(ClientError, match="ResourceInUse"):
        server.client("sagemaker").delete_training_job(TrainingJobName="live")
    server.client("sagemaker").stop_training_job(TrainingJobName="live")
    server.finished("live")
    server.client("sagemaker").delete_training_job(TrainingJobName="live")
    with pytest.raises(ClientError, match=r"\(ValidationException\).*Requested resource not found\."):
        server.client("sagemaker").describe_training_job(TrainingJobName="live")


def test_another_algorithms_image_fails_with_what_can_be_run(server: Server) -> None:
    image = IMAGE.replace("image-classification", "sagemaker-xgboost")
    server.train("xgboost", AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    reason = server.finished("xgboost")["FailureReason"]
    assert reason.startswith(f"ClientError: The image '{image}' cannot be run")


def test_pipe_mode_fails_with_what_can_be_read(server: Server) -> None:
    server.train("pipe", AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "Pipe"})
    assert "File mode only" in server.finished("pipe")["FailureReason"]


def test_a_name_is_used_once(server: Server) -> None:
    server.train("once")
    server.finished("once")
    assert "(ResourceInUse)" in refusal(server, "once")


def test_data_that_are_not_there_are_refused_before_the_job(server: Server) -> None:
    message = refusal(server, "none", InputDataConfig=[channel("train", f"s3://{BUCKET}/nothing/")])
    assert f'No S3 objects found under S3 URL "s3://{BUCKET}/nothing/"' in message
    assert f'the role "{ROLE}" has "s3:ListBucket" permissions' in message


def test_a_role_that_sagemaker_cannot_assume_is_refused(server: Server) -> None:
    role = "arn:aws:iam::000000000000:role/nobody"
    message = refusal(server, "none", RoleArn=role)
    assert "(ValidationException)" in message
    assert f"Could not assume role {role}. Please ensure that the role exists" in message


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"Service": ["lambda.amazonaws.com"]}])
def test_a_role_that_does_not_name_sagemaker_is_refused(server: Server, principal: Any) -> None:
    name = f"others-{len(json.dumps(principal))}"
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    role = server.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )["Role"]
    assert f"Could not assume role {role['Arn']}." in refusal(server, "none", RoleArn=role["Arn"])


def test_a_role_without_permission_cannot_read_the_data(server: Server) -> None:
    iam = server.client("iam")
    trust = json.dumps(iam.get_role(RoleName="learner")["Role"]["AssumeRolePolicyDocument"])
    role = iam.create_role(RoleName="poor", AssumeRolePolicyDocument=trust)["Role"]
    message = refusal(server, "none", RoleArn=role["Arn"])
    assert "No S3 objects found" in message
    assert "not authorized to perform: s3:ListBucket" in message


def test_more_machines_than_there_are_is_awss_limit_error(server: Server) -> None:
    resources = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1}
    message = refusal(server, "none", ResourceConfig=resources)
    assert "(ResourceLimitExceeded)" in message
    assert "'Maximum number of instances per training job' is 1 Instances" in message


@pytest.mark.parametrize("kind", ["ml.m5.large", "ml.c5.2xlarge", "ml.trn1.2xlarge"])
def test_the_algorithm_is_not_trained_without_a_gpu(server: Server, kind: str) -> None:
    resources = {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 1}
    message = refusal(server, "none", ResourceConfig=resources)
    assert "(ValidationException)" in message
    assert message.endswith(
        f"Instance type {kind} is not supported by algorithm image-classification; only GPU instances are "
        "supported."
    )


@pytest.mark.parametrize("kind", ["ml.p2.xlarge", "ml.p3.2xlarge", "ml.g5.xlarge", "ml.p4d.24xlarge"])
def test_any_gpu_will_do(server: Server, kind: str) -> None:
    name = f"gpu-{kind.replace('.', '-')}"
    server.train(name, ResourceConfig={"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 1})
    assert server.finished(name)["TrainingJobStatus"] == "Completed"


def test_the_algorithm_s_metrics_are_its_own(server: Server) -> None:
    specification = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
    }
    message = refusal(server, "none", AlgorithmSpecification=specification)
    assert "(ValidationException)" in message
    assert "You can't override the metric definitions for Amazon SageMaker algorithms." in message


def test_a_model_that_is_not_to_be_packed_is_refused_with_what_is_done(server: Server) -> None:
    output = {"S3OutputPath": f"s3://{BUCKET}/models/", "CompressionType": "NONE"}
    assert "Use GZIP" in refusal(server, "none", OutputDataConfig=output)


def test_instance_groups_are_refused_with_what_is_there(server: Server) -> None:
    group = {"InstanceGroupName": "one", "InstanceType": "ml.m5.large", "InstanceCount": 1}
    message = refusal(server, "none", ResourceConfig={"InstanceGroups": [group], "VolumeSizeInGB": 1})
    assert "ResourceConfig needs an InstanceType" in message


def test_jobs_are_listed_by_name_status_and_page(server: Server) -> None:
    for number in range(3):
        server.train(f"listed-{number}", HyperParameters={"fail": "x"} if number == 1 else {})
        server.finished(f"listed-{number}")
    jobs = server.client("sagemaker")
    listed = jobs.list_training_jobs(
        NameContains="listed", SortBy="Name", SortOrder="Descending", MaxResults=2
    )
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["listed-2", "listed-1"]
    rest = jobs.list_training_jobs(
        NameContains="listed", SortBy="Name", SortOrder="Descending", NextToken=listed["NextToken"]
    )
    assert [job["TrainingJobName"] for job in rest["TrainingJobSummaries"]] == ["listed-0"]
    assert "NextToken" not in rest
    failed = jobs.list_training_jobs(NameContains="listed", StatusEquals="Failed")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in failed] == ["listed-1"]
    moment = jobs.describe_training_job(TrainingJobName="listed-1")["CreationTime"]
    later = jobs.list_training_jobs(NameContains="listed", CreationTimeAfter=moment)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in later] == ["listed-2"]


def test_tags_of_a_job_are_added_listed_and_deleted(server: Server) -> None:
    server.train("tagged", Tags=[{"Key": "a", "Value": "1"}])
    arn = server.finished("tagged")["TrainingJobArn"]
    sagemaker = server.client("sagemaker")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b", "none"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    with pytest.raises(ClientError, match="Resource does not exist"):
        sagemaker.list_tags(ResourceArn=f"{arn}-not")
