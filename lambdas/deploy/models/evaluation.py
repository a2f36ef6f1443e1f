"""The evaluation of a model: a batch transform of the staged validation split by the container that serves.

A model that was trained here and one that was given are judged alike, by what an endpoint would answer.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.data_set import read_validation_labels
from lambdas.deploy.jobs import TRANSFORM_JOBS, name_attempt, sagemaker
from lambdas.deploy.models.answers import Answers, read_job
from lambdas.workflow import places

logger = Logger(use_rfc3339=True)


def find_or_create(properties: Mapping[str, Any], name: str, model: str) -> str:
    """Returns the name of a transform job that evaluates a model; creates one unless it runs.

    Args:
        properties: Properties of the custom resource.
        name: Name of the evaluation, made of what shapes it.
        model: Name of the model in the bucket.
    """

    def create(job: str) -> None:
        # One that a call has left that was cut short before its job may be of other content.
        _delete_model_of(job)
        sagemaker.create_model(**build_model_request(properties, job, model))
        try:
            sagemaker.create_transform_job(**build_job_request(properties, job))
        except ClientError:
            _delete_model_of(job)
            raise

    return TRANSFORM_JOBS.find_or_create(name, create)


def read_answers(properties: Mapping[str, Any], job: str, remedy: str) -> Answers:
    """Returns the answers of the model that a job evaluated; deletes the SageMaker model made for it.

    Args:
        properties: Properties of the custom resource.
        job: Name of the transform job.
        remedy: What to do about a job that takes too long.

    Raises:
        ModelRefused: The job did not complete, or an answer is missing or wrong.
    """
    bucket = properties["Bucket"]
    TRANSFORM_JOBS.check_completed(job, remedy)
    _delete_model_of(job)
    labels = read_validation_labels(bucket, properties["Dataset"])
    return read_job(bucket, places.answers_prefix(job), labels, tuple(properties["Classes"]))


def end(name: str) -> None:
    """Stops what still runs of an evaluation, and deletes the SageMaker models made for it."""
    attempts = TRANSFORM_JOBS.stop_all(name)
    # A call that was cut short has left a model of the next attempt.
    for job in (*attempts, name_attempt(name, len(attempts) + 1)):
        _delete_model_of(job)


def build_model_request(properties: Mapping[str, Any], job: str, model: str) -> dict[str, Any]:
    """Returns the arguments of CreateModel, for a model that bears the name of the one job it is for."""
    return {
        "ModelName": job,
        "ExecutionRoleArn": properties["EvaluationRoleArn"],
        "PrimaryContainer": {
            "Image": properties["Image"],
            "ModelDataUrl": places.s3_uri(properties["Bucket"], places.model_key(model)),
        },
        # The artifact may be anybody's file: its container reaches nothing but what SageMaker hands it.
        "EnableNetworkIsolation": True,
        "Tags": [{"Key": "project", "Value": properties["Name"]}],
    }


def build_job_request(properties: Mapping[str, Any], job: str) -> dict[str, Any]:
    """Returns the arguments of CreateTransformJob: one picture a request, one answer an object."""
    pictures = places.data_set_key(properties["Dataset"], "validation/")
    return {
        "TransformJobName": job,
        "ModelName": job,
        "BatchStrategy": "SingleRecord",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": places.s3_uri(properties["Bucket"], pictures),
                }
            },
            "ContentType": "application/x-image",
            "CompressionType": "None",
            "SplitType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": places.s3_uri(properties["Bucket"], places.answers_prefix(job)),
            "Accept": "application/json",
            "AssembleWith": "None",
        },
        "TransformResources": {"InstanceType": properties["EvaluationInstanceType"], "InstanceCount": 1},
        "Tags": [{"Key": "project", "Value": properties["Name"]}],
    }


def _delete_model_of(job: str) -> None:
    """Deletes the SageMaker model that was made for one job; its artifact stays."""
    try:
        sagemaker.delete_model(ModelName=job)
    except ClientError as error:
        # Housekeeping, or done already.
        logger.info("The job's model is not deleted", extra={"model": job, "error": str(error)})
