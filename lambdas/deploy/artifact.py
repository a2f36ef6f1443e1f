"""The custom resource that is a given model artifact.

``start`` copies the artifact into the deployment's bucket and has a batch transform job answer for the
validation split; ``finish`` checks the answers.
"""

from collections.abc import Mapping
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.answers import has_answers, measure_accuracy
from lambdas.deploy.artifact_inputs import build_job_request, build_model_request, name_job, name_model
from lambdas.deploy.custom_resource import EndedJob, finish_waiting, start_waiting
from lambdas.deploy.data_set import read_manifest, read_validation_labels
from lambdas.deploy.gate import ModelRefused, check_gate
from lambdas.deploy.jobs import TRANSFORM_JOBS, sagemaker
from lambdas.deploy.kept_models import exists, supersede
from lambdas.workflow import places

# What one CopyObject takes.
MAX_BYTES = 5 * 1024**3
logger = Logger(use_rfc3339=True)
s3 = boto3.client("s3")


def start(event: dict[str, Any], context: object) -> None:
    """Takes CloudFormation's request; see ``start_waiting``."""
    start_waiting(event, find_or_create_job)


def finish(event: dict[str, Any], context: object) -> dict[str, str]:
    """Answers CloudFormation when the transform job has ended; see ``finish_waiting``."""
    return finish_waiting(event, accept_model)


def find_or_create_job(properties: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the names of a transform job with these inputs and of the model that it evaluates.

    Raises:
        ModelRefused: No data set of the right classes is staged, or the artifact cannot be copied.
    """
    bucket = properties["Bucket"]
    read_manifest(bucket, properties["Dataset"], properties["Classes"])
    model = copy_artifact(properties)
    job = TRANSFORM_JOBS.find_or_create(
        name_job(properties, model),
        create=lambda name: _create_job(properties, name, model),
        has_result=lambda name: has_answers(bucket, places.answers_prefix(name)),
    )
    return job, model


def accept_model(job: EndedJob) -> dict[str, str]:
    """Returns the attributes of the custom resource if the model may be deployed.

    Raises:
        ModelRefused: The job did not complete, an answer is missing or wrong, or the model is below the gate.
    """
    bucket = job.properties["Bucket"]
    try:
        TRANSFORM_JOBS.check_completed(job, "choose a faster evaluation_instance_type")
        labels = read_validation_labels(bucket, job.properties["Dataset"])
        prefix = places.answers_prefix(job.name)
        accuracy = measure_accuracy(bucket, prefix, labels, tuple(job.properties["Classes"]))
        check_gate(
            accuracy,
            gate=float(job.properties["AccuracyGate"]),
            model="that model_artifact names",
            log=TRANSFORM_JOBS.locate_log(job.name),
        )
    except Exception:
        if job.former != job.model:
            supersede(bucket, job.model)
        raise
    finally:
        _delete_model_of(job.name)
    url = places.s3_uri(bucket, places.model_key(job.model))
    return {"ModelDataUrl": url, "ValidationAccuracy": f"{accuracy:.4f}"}


def copy_artifact(properties: Mapping[str, Any]) -> str:
    """Copies the artifact into the deployment's bucket unless it is there; returns the model's name.

    What is served must outlast where it came from: the CDK's own bucket, for one, may be cleared of it.

    Raises:
        ModelRefused: The artifact is not there, may not be read, or is too large.
    """
    bucket = properties["Bucket"]
    source_bucket, source_key = properties["ArtifactBucket"], properties["ArtifactKey"]
    artifact = f"model_artifact {places.s3_uri(source_bucket, source_key)}"
    try:
        head = s3.head_object(Bucket=source_bucket, Key=source_key)
    except ClientError as error:
        # An answer to HEAD has no body that would tell more.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        reasons = {
            404: "there is no such object",
            403: "it is not there, or this deployment may not read it",
        }
        reason = reasons.get(status, f"S3 answers {status}")
        raise ModelRefused(f"{artifact} cannot be read: {reason}") from None
    size = head["ContentLength"]
    if size > MAX_BYTES:
        raise ModelRefused(f"{artifact} has {size:,} bytes: at most {MAX_BYTES:,} are taken")
    model = name_model(properties, head["ETag"])
    if not exists(bucket, model):
        s3.copy_object(
            Bucket=bucket,
            Key=places.model_key(model),
            CopySource={"Bucket": source_bucket, "Key": source_key},
            CopySourceIfMatch=head["ETag"],
            TaggingDirective="REPLACE",
        )
    return model


def _create_job(properties: Mapping[str, Any], job: str, model: str) -> None:
    try:
        sagemaker.create_model(**build_model_request(properties, job, model))
    except ClientError as error:
        # Left by a start that was cut short before its job.
        if "already existing" not in error.response["Error"]["Message"]:
            raise
    try:
        sagemaker.create_transform_job(**build_job_request(properties, job))
    except ClientError:
        _delete_model_of(job)
        raise


def _delete_model_of(job: str) -> None:
    """Deletes the SageMaker model that was made for one job; its artifact stays."""
    try:
        sagemaker.delete_model(ModelName=job)
    except ClientError as error:
        # Housekeeping, or done already: a job that was taken as it is has no model any more.
        logger.info("The job's model is not deleted", extra={"model": job, "error": str(error)})
