"""The custom resource that is a given model artifact: ``start`` copies it into the deployment's bucket and
has a batch transform job answer for the validation split; ``finish`` checks the answers.

Between the two a state machine waits for the job.
"""

from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.answers import accuracy_of_answers, any_answer
from lambdas.deploy.artifact_inputs import ArtifactInputs, answers_prefix
from lambdas.deploy.custom_resource import answer
from lambdas.deploy.data_set import read_manifest, validation_labels
from lambdas.deploy.gate import check_gate
from lambdas.deploy.kept_models import artifact_key, exists, keep, supersede
from lambdas.deploy.model_refused import ModelRefused, explained
from lambdas.deploy.waiting import wait_for

LOG_GROUP = "/aws/sagemaker/TransformJobs"
# What one CopyObject takes.
MAX_BYTES = 5 * 1024**3
logger = Logger(use_rfc3339=True)
sagemaker = boto3.client("sagemaker")
s3 = boto3.client("s3")


def start(event: dict[str, Any], context: object) -> None:
    """Copies the artifact, starts its evaluation, or finds it, and the state machine that waits for it.

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
            answer(event, status="SUCCESS", resource_id=resource_id)
            return
        inputs = ArtifactInputs.from_properties(event["ResourceProperties"])
        read_manifest(inputs.bucket, inputs.dataset, inputs.classes)
        model = copied_model(inputs)
        wait_for(find_or_create(inputs, model), event, inputs.max_wait_seconds, model=model)
    # Whatever goes wrong is answered: without an answer CloudFormation waits for an hour.
    except Exception as error:
        answer(event, status="FAILED", resource_id=resource_id, reason=explained(error))


def finish(event: dict[str, Any], context: object) -> dict[str, str]:
    """Checks a model whose evaluation has ended and answers CloudFormation.

    Args:
        event: ``job``, ``model``, ``request``, and ``failure`` where the waiting itself failed.
        context: Unused.

    Returns:
        ``Status`` and ``Reason`` of the answer.
    """
    job, model, request = event["job"], event["model"], event["request"]
    former = request.get("PhysicalResourceId", model)
    try:
        inputs = ArtifactInputs.from_properties(request["ResourceProperties"])
        accuracy = f"{accepted_accuracy(inputs, job, event.get('failure')):.4f}"
    # As in start: a missing answer would cost an hour.
    except Exception as error:
        reason = explained(error)
        remove_model_of(job)
        if request.get("PhysicalResourceId") != model:
            supersede(request["ResourceProperties"]["Bucket"], model)
        answer(request, status="FAILED", resource_id=former, reason=reason)
        return {"Status": "FAILED", "Reason": reason}
    remove_model_of(job)
    keep(inputs.bucket, model)
    if former != model:
        supersede(inputs.bucket, former)
    data = {"ModelDataUrl": inputs.model_data_url(model), "ValidationAccuracy": accuracy}
    answer(request, status="SUCCESS", resource_id=model, data=data)
    return {"Status": "SUCCESS", "Reason": f"Validation accuracy {accuracy}"}


def copied_model(inputs: ArtifactInputs) -> str:
    """Copies the artifact into the deployment's bucket unless it is there; returns the model's name.

    What is served must outlast where it came from: the CDK's own bucket, for one, may be cleared of it.

    Raises:
        ModelRefused: The artifact is not there, may not be read, or is too large.
    """
    try:
        head = s3.head_object(Bucket=inputs.source_bucket, Key=inputs.source_key)
    except ClientError as error:
        # An answer to HEAD has no body that would tell more.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        reasons = {
            404: "there is no such object",
            403: "it is not there, or this deployment may not read it",
        }
        raise ModelRefused(
            f"model_artifact {inputs.source} can not be had: {reasons.get(status, f'S3 answers {status}')}"
        ) from None
    if head["ContentLength"] > MAX_BYTES:
        raise ModelRefused(
            f"model_artifact {inputs.source} has {head['ContentLength']:,} bytes: "
            f"at most {MAX_BYTES:,} are taken"
        )
    model = inputs.model_name(head["ETag"])
    if not exists(inputs.bucket, model):
        s3.copy_object(
            Bucket=inputs.bucket,
            Key=artifact_key(model),
            CopySource={"Bucket": inputs.source_bucket, "Key": inputs.source_key},
            CopySourceIfMatch=head["ETag"],
            TaggingDirective="REPLACE",
        )
    return model


def find_or_create(inputs: ArtifactInputs, model: str) -> str:
    """Returns the name of a job with these inputs that runs or has left answers; else creates one."""
    attempt = 0
    while True:
        attempt += 1
        job = inputs.job_name(model, attempt)
        status = _status(job)
        if status is None:
            _create_model(inputs, job, model)
            try:
                sagemaker.create_transform_job(**inputs.job_request(job))
            except ClientError:
                remove_model_of(job)
                raise
            logger.info("Transform job created", extra={"transform_job": job})
            return job
        if status == "InProgress" or (
            status == "Completed" and any_answer(inputs.bucket, answers_prefix(job))
        ):
            logger.info("Transform job taken as it is", extra={"transform_job": job, "status": status})
            return job


def accepted_accuracy(inputs: ArtifactInputs, job: str, failure: str | None) -> float:
    """Returns the validation accuracy of a model that may be deployed.

    Raises:
        ModelRefused: The job did not complete, its answers are none, or the model is below the gate.
    """
    description = sagemaker.describe_transform_job(TransformJobName=job)
    status = description["TransformJobStatus"]
    if status == "InProgress":
        sagemaker.stop_transform_job(TransformJobName=job)
    if failure is not None:
        raise ModelRefused(f"Waiting for transform job {job} failed: {failure}")
    log = f"log group {LOG_GROUP}, stream {job}/"
    if status == "InProgress":
        raise ModelRefused(
            f"Transform job {job} runs for longer than a deploy can wait and is stopped: "
            f"choose a faster evaluation_instance_type ({log})"
        )
    if status != "Completed":
        reason = description.get("FailureReason", "no reason given")
        raise ModelRefused(f"Transform job {job} is {status}: {reason} ({log})")
    labels = validation_labels(inputs.bucket, inputs.dataset)
    accuracy = accuracy_of_answers(inputs.bucket, answers_prefix(job), labels, inputs.classes)
    check_gate(accuracy, gate=inputs.accuracy_gate, model="that model_artifact names", log=log)
    return accuracy


def remove_model_of(job: str) -> None:
    """Removes the model that was made for a job alone; its artifact stays."""
    try:
        sagemaker.delete_model(ModelName=job)
    except ClientError as error:
        # Housekeeping, or done already: a job that was taken as it is has no model any more.
        logger.info("The job's model is not removed", extra={"model": job, "error": str(error)})


def _create_model(inputs: ArtifactInputs, job: str, model: str) -> None:
    try:
        sagemaker.create_model(**inputs.model_request(job, model))
    except ClientError as error:
        # Left by a start that was cut short before its job.
        if "already existing" not in error.response["Error"]["Message"]:
            raise


def _status(job: str) -> str | None:
    try:
        return sagemaker.describe_transform_job(TransformJobName=job)["TransformJobStatus"]
    except ClientError as error:
        # What SageMaker says of a job that is not there; the name itself is always a valid one.
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return None
        raise
