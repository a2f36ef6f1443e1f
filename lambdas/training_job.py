"""The custom resource that is a training job: ``start`` takes CloudFormation's request, ``finish`` answers.

Between the two a state machine waits for the job, so that no function runs, and is paid for, meanwhile.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.cloudformation_answer import answer
from lambdas.model_gate import accuracy_of, check_gate, log_of
from lambdas.training_inputs import (
    NOT_STAGED,
    STAGING_COMMAND,
    TrainingInputs,
    TrainingRefused,
    artifact_key,
)

logger = Logger(use_rfc3339=True)
sagemaker = boto3.client("sagemaker")
s3 = boto3.client("s3")
step_functions = boto3.client("stepfunctions")


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
        answer(event, status="FAILED", resource_id=resource_id, reason=_explained(error))


def wait_for(job: str, request: Mapping[str, Any], seconds: int) -> None:
    """Starts the execution that waits for a job, unless this request has one: Lambda may deliver it twice."""
    deadline = int((time.time() + seconds) * 1000)
    with suppress(step_functions.exceptions.ExecutionAlreadyExists):
        step_functions.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=request["RequestId"],
            input=json.dumps({"job": job, "request": request, "deadline_ms": deadline}),
        )


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
        reason = _explained(error)
        answer(request, status="FAILED", resource_id=former, reason=reason)
        return {"Status": "FAILED", "Reason": reason}
    mark_superseded(request["ResourceProperties"]["Bucket"], former, by=job)
    answer(request, status="SUCCESS", resource_id=job, data=data)
    return {"Status": "SUCCESS", "Reason": f"Validation accuracy {data['ValidationAccuracy']}"}


def find_or_create(inputs: TrainingInputs) -> str:
    """Returns the name of a job with these inputs that runs or has left a model; else creates one.

    Raises:
        TrainingRefused: No data set of the right classes is staged.
    """
    if inputs.dataset == NOT_STAGED:
        raise TrainingRefused(f"No data set is staged: run {STAGING_COMMAND}, then deploy again")
    manifest = _manifest(inputs)
    inputs.check(manifest)
    attempt = 0
    while True:
        attempt += 1
        job = inputs.job_name(attempt)
        status = _status(job)
        if status is None:
            sagemaker.create_training_job(**inputs.request(job, manifest))
            logger.info("Training job created", extra={"training_job": job})
            return job
        if status == "InProgress" or (status == "Completed" and _exists(inputs.bucket, artifact_key(job))):
            logger.info("Training job taken as it is", extra={"training_job": job, "status": status})
            return job


def accepted_model(job: str, properties: Mapping[str, Any], failure: str | None) -> dict[str, str]:
    """Returns the attributes of the custom resource if the job's model may be deployed.

    Raises:
        TrainingRefused: The job did not complete, or its model is below the gate.
    """
    if failure is not None:
        stop_if_running(job)
        raise TrainingRefused(f"Waiting for training job {job} failed: {failure}")
    description = sagemaker.describe_training_job(TrainingJobName=job)
    status = description["TrainingJobStatus"]
    if stop_if_running(job):
        raise TrainingRefused(
            f"Training job {job} runs for longer than a deploy can wait and is stopped: "
            "choose fewer epochs or a faster training_instance_type"
        )
    if status != "Completed":
        reason = description.get("FailureReason", description["SecondaryStatus"])
        raise TrainingRefused(f"Training job {job} is {status}: {reason} ({log_of(job)})")
    accuracy = accuracy_of(description)
    check_gate(job, accuracy, gate=float(properties["AccuracyGate"]))
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


def mark_superseded(bucket: str, former: str, *, by: str) -> None:
    """Tags the former job's model for the bucket's lifecycle to remove in time, and untags the new one's.

    The lifecycle counts an object's days from when it was written: copied onto itself, the model starts to
    age now. It goes on serving until the endpoint is updated, and when that fails.
    """
    try:
        s3.delete_object_tagging(Bucket=bucket, Key=artifact_key(by))
        if former != by:
            s3.copy_object(
                Bucket=bucket,
                Key=artifact_key(former),
                CopySource={"Bucket": bucket, "Key": artifact_key(former)},
                MetadataDirective="REPLACE",
                TaggingDirective="REPLACE",
                Tagging="superseded=true",
            )
    except ClientError as error:
        # Housekeeping: the new model is good whether or not the old one is cleared away.
        logger.warning("Models are not tagged", extra={"former": former, "error": str(error)})


def _manifest(inputs: TrainingInputs) -> dict[str, Any]:
    key = f"datasets/{inputs.dataset}/manifest.json"
    try:
        return json.load(s3.get_object(Bucket=inputs.bucket, Key=key)["Body"])
    except s3.exceptions.NoSuchKey:
        raise TrainingRefused(
            f"Data set {inputs.dataset} is not in the bucket: there is no s3://{inputs.bucket}/{key}; "
            f"run {STAGING_COMMAND}, then deploy again"
        ) from None


def _status(job: str) -> str | None:
    try:
        return sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"]
    except ClientError as error:
        # What SageMaker says of a job that is not there; the name itself is always a valid one.
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return None
        raise


def _exists(bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def _explained(error: Exception) -> str:
    """Logs an error; returns it in a line, with its name where it was not written for the user."""
    foreseen = isinstance(error, TrainingRefused)
    logger.error(
        "The training job is refused", exc_info=None if foreseen else error, extra={"reason": str(error)}
    )
    return str(error) if foreseen else f"{type(error).__name__}: {error}"
