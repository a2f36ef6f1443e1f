"""The operations on training jobs."""

from typing import Any

from ministack.core.responses import get_region

from local.sagemaker import listing, records, roles
from local.sagemaker.containers import s3_data
from local.sagemaker.emulator import client
from local.sagemaker.errors import ApiError, invalid
from local.sagemaker.jobs import training_runner as job_runner
from local.sagemaker.records import LOCK, Record

_FINISHED = ("Completed", "Failed", "Stopped")
_DEFAULT_MAX_RUNTIME = 86400  # seconds, as CreateTrainingJob documents


def create_training_job(request: dict[str, Any]) -> Record:
    """CreateTrainingJob: checks what AWS checks before it answers, then runs the job on a thread."""
    name = request["TrainingJobName"]
    _check_instances(request)
    roles.check_assumable(request["RoleArn"])
    for channel in request.get("InputDataConfig", []):
        _check_channel(channel, request["RoleArn"])
    moment = records.now()
    output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    record = {
        "InputDataConfig": [],
        "StoppingCondition": {"MaxRuntimeInSeconds": _DEFAULT_MAX_RUNTIME},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **{key: value for key, value in request.items() if key != "Tags"},
        "TrainingJobArn": records.arn("training-job", name),
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": moment, "StatusMessage": "Starting the training job"}
        ],
        "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{name}/output/model.tar.gz"},
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
    with LOCK:
        if name in records.training_jobs:
            raise ApiError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job "
                f"with this name already exists ({records.arn('training-job', name)})",
            )
        records.training_jobs[name] = record
        records.set_tags(record["TrainingJobArn"], request.get("Tags", []))
    job_runner.start(record)
    return record


def describe_training_job(request: dict[str, Any]) -> Record:
    """DescribeTrainingJob."""
    return _existing(request["TrainingJobName"])


def stop_training_job(request: dict[str, Any]) -> Record:
    """StopTrainingJob: SIGTERM now, SIGKILL after two minutes; what is in the model folder is kept."""
    record = _existing(request["TrainingJobName"])
    with LOCK:
        if record["TrainingJobStatus"] in _FINISHED:
            raise invalid(
                "The request was rejected because the training job is in status "
                f"{record['TrainingJobStatus']}."
            )
        job_runner.stop(record)
    return {}


def delete_training_job(request: dict[str, Any]) -> Record:
    """DeleteTrainingJob: forgets a job that has ended; its artifacts stay."""
    record = _existing(request["TrainingJobName"])
    with LOCK:
        if record["TrainingJobStatus"] not in _FINISHED:
            raise ApiError(
                "ResourceInUse",
                f"Training job {record['TrainingJobName']} is in status {record['TrainingJobStatus']} and "
                "cannot be deleted. Stop it first.",
            )
        records.training_jobs.pop(record["TrainingJobName"])
        records.tags.pop(record["TrainingJobArn"], None)
    return {}


def list_training_jobs(request: dict[str, Any]) -> Record:
    """ListTrainingJobs."""
    jobs = list(records.training_jobs.values())
    page, token = listing.page(jobs, request, resource="TrainingJob", order="Ascending")
    return {"TrainingJobSummaries": page, "NextToken": token}


def _existing(name: str) -> Record:
    record: Record | None = records.training_jobs.get(name)
    if record is None:
        raise invalid("Requested resource not found.")
    return record


def _check_instances(request: dict[str, Any]) -> None:
    for member in ("AlgorithmSpecification", "ResourceConfig"):
        if member not in request:
            raise invalid(f"{member} is required for a training job that runs an algorithm.")
    if "InstanceType" not in request["ResourceConfig"]:
        raise invalid("ResourceConfig needs an InstanceType: the embedded cloud has no instance groups.")
    instances = request["ResourceConfig"].get("InstanceCount", 1)
    if instances > 1:
        kind = request["ResourceConfig"]["InstanceType"]
        raise ApiError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{kind} for training job usage' is 1 Instances, with current "
            f"utilization of 0 Instances and a request delta of {instances} Instances. The embedded cloud "
            "trains on one machine: set the instance count to 1.",
        )


def _check_channel(channel: dict[str, Any], role_arn: str) -> None:
    source = channel["DataSource"].get("S3DataSource")
    if source is None or source["S3DataType"] != "S3Prefix":
        return  # the job itself fails on what it cannot read
    uri = source["S3Uri"]
    try:
        if next(s3_data.keys(client("s3", role_arn), uri), None) is not None:
            return
        reason = ""
    except s3_data.DataError as error:
        reason = f" {error}"
    bucket = uri.split("/")[2]
    raise invalid(
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
        f"bucket exists in the selected region ({get_region()}), that objects exist under that S3 prefix, "
        f'and that the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".{reason}'
    )
