"""The custom resource that is a training job: ``start`` takes CloudFormation's request, ``finish`` answers.

Between the two a state machine waits for the job.
"""

from collections.abc import Mapping
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.custom_resource import answer
from lambdas.deploy.data_set import read_manifest
from lambdas.deploy.gate import check_gate
from lambdas.deploy.kept_models import exists, keep, supersede
from lambdas.deploy.model_refused import ModelRefused, explained
from lambdas.deploy.training_accuracy import accuracy_of, log_of
from lambdas.deploy.training_inputs import TrainingInputs
from lambdas.deploy.waiting import wait_for

logger = Logger(use_rfc3339=True)
sagemaker = boto3.client("sagemaker")


def start(event: dict[str, Any], context: object) -> None:
    """Starts the training job, or finds it, and the state machine that waits for it.

    Answers at once what needs no waiting: a deletion, and whatever is wrong.

    Args:
        event: A custom resource request of CloudFormation.
        context: Unused.
    """
    name = event["ResourceProperties"]["Name"]
    resource_id = event.get("PhysicalResourceId", f"{name}-not-started")
    try:
        if event["RequestType"] == "Delete":
            # The model stays: an endpoint may still serve it, or the deploy may yet be rolled back to it.
            stop_if_running(resource_id)
            answer(event, status="SUCCESS", resource_id=resource_id)
            return
        inputs = TrainingInputs.from_properties(event["ResourceProperties"])
        wait_for(find_or_create(inputs), event, inputs.max_wait_seconds)
    # Whatever goes wrong is answered: without an answer CloudFormation waits for an hour.
    except Exception as error:
        answer(event, status="FAILED", resource_id=resource_id, reason=explained(error))


def finish(event: dict[str, Any], context: object) -> dict[str, str]:
    """Checks a training job that has ended and answers CloudFormation.

    Args:
        event: ``job``, ``request``, and ``failure`` where the waiting itself failed.
        context: Unused.

    Returns:
        ``Status`` and ``Reason`` of the answer.
    """
    job, request = event["job"], event["request"]
    former = request.get("PhysicalResourceId", job)
    try:
        data = accepted_model(job, request["ResourceProperties"], event.get("failure"))
    # As in start: a missing answer would cost an hour.
    except Exception as error:
        reason = explained(error)
        answer(request, status="FAILED", resource_id=former, reason=reason)
        return {"Status": "FAILED", "Reason": reason}
    bucket = request["ResourceProperties"]["Bucket"]
    keep(bucket, job)
    if former != job:
        supersede(bucket, former)
    answer(request, status="SUCCESS", resource_id=job, data=data)
    return {"Status": "SUCCESS", "Reason": f"Validation accuracy {data['ValidationAccuracy']}"}


def find_or_create(inputs: TrainingInputs) -> str:
    """Returns the name of a job with these inputs that runs or has left a model; else creates one.

    Raises:
        ModelRefused: No data set of the right classes is staged.
    """
    manifest = read_manifest(inputs.bucket, inputs.dataset, inputs.classes)
    attempt = 0
    while True:
        attempt += 1
        job = inputs.job_name(attempt)
        status = _status(job)
        if status is None:
            sagemaker.create_training_job(**inputs.request(job, manifest))
            logger.info("Training job created", extra={"training_job": job})
            return job
        if status == "InProgress" or (status == "Completed" and exists(inputs.bucket, job)):
            logger.info("Training job taken as it is", extra={"training_job": job, "status": status})
            return job


def accepted_model(job: str, properties: Mapping[str, Any], failure: str | None) -> dict[str, str]:
    """Returns the attributes of the custom resource if the job's model may be deployed.

    Raises:
        ModelRefused: The job did not complete, or its model is below the gate.
    """
    if failure is not None:
        stop_if_running(job)
        raise ModelRefused(f"Waiting for training job {job} failed: {failure}")
    description = sagemaker.describe_training_job(TrainingJobName=job)
    status = description["TrainingJobStatus"]
    if stop_if_running(job):
        raise ModelRefused(
            f"Training job {job} runs for longer than a deploy can wait and is stopped: "
            "choose fewer epochs or a faster training_instance_type"
        )
    if status != "Completed":
        reason = description.get("FailureReason", description["SecondaryStatus"])
        raise ModelRefused(f"Training job {job} is {status}: {reason} ({log_of(job)})")
    accuracy = accuracy_of(description)
    check_gate(
        accuracy, gate=float(properties["AccuracyGate"]), model=f"of training job {job}", log=log_of(job)
    )
    return {
        "TrainingJobName": job,
        "ModelDataUrl": description["ModelArtifacts"]["S3ModelArtifacts"],
        "ValidationAccuracy": f"{accuracy:.4f}",
    }


def stop_if_running(job: str) -> bool:
    """Stops a job that still runs; returns whether it did."""
    if _status(job) != "InProgress":
        return False
    sagemaker.stop_training_job(TrainingJobName=job)
    return True


def _status(job: str) -> str | None:
    try:
        return sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"]
    except ClientError as error:
        # What SageMaker says of a job that is not there; the name itself is always a valid one.
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return None
        raise
