"""The models in the bucket: how each was judged, which is in use, and which may be removed in time."""

import json
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.jobs import sagemaker
from lambdas.workflow import places

logger = Logger(use_rfc3339=True)
s3 = boto3.client("s3")
ssm = boto3.client("ssm")


@dataclass(frozen=True)
class Verdict:
    """What an evaluation found.

    Attributes:
        model: Name of the model.
        job: Name of the transform job.
        accuracy: The model's accuracy on the validation split.
    """

    model: str
    job: str
    accuracy: float


def read_verdict(bucket: str, evaluation: str) -> Verdict | None:
    """Returns what an evaluation of this name found the last time, if there was one."""
    try:
        kept = s3.get_object(Bucket=bucket, Key=places.verdict_key(evaluation))
    except s3.exceptions.NoSuchKey:
        return None
    return Verdict(**json.load(kept["Body"]))


def write_verdict(bucket: str, evaluation: str, verdict: Verdict) -> None:
    """Keeps what an evaluation found."""
    body = json.dumps(asdict(verdict)).encode()
    key = places.verdict_key(evaluation)
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def exists(bucket: str, model: str) -> bool:
    """Returns whether a model's artifact is in the bucket."""
    try:
        s3.head_object(Bucket=bucket, Key=places.model_key(model))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def find_served(deployment: str) -> str | None:
    """Returns the model that a deployment's endpoint serves, as SageMaker tells; None without an endpoint.

    Raises:
        BotoCoreError, ClientError: It cannot be found out.
        ValueError, LookupError: What serves was not made by this deployment.
    """
    try:
        parameter = ssm.get_parameter(Name=places.parameter(deployment, "endpoint"))["Parameter"]
    except ssm.exceptions.ParameterNotFound:
        return None
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=parameter["Value"])
    except ClientError as error:
        told = error.response["Error"]
        if told["Code"] == "ValidationException" and told["Message"].startswith("Could not find"):
            # It is switched off: the parameter keeps its name.
            return None
        raise
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    return places.read_model_name(model["PrimaryContainer"]["ModelDataUrl"])


def keep(bucket: str, model: str) -> None:
    """Removes the tag of a superseded model from one that is in use again."""
    try:
        s3.delete_object_tagging(Bucket=bucket, Key=places.model_key(model))
    except Exception as error:
        # Housekeeping, as below: the model is good whether or not its tag can be removed.
        logger.warning("The model is not untagged", extra={"model": model, "error": repr(error)})


def supersede_unused(bucket: str, kept: set[str], *, deployment: str) -> None:
    """Tags every model but those to keep and the one that the endpoint serves, which is untagged.

    The endpoint is updated later in a deploy, if that does not fail. So a model is tagged when the next one
    but one is accepted, and one that serves never is.

    Args:
        bucket: Bucket of the models.
        kept: The model that is accepted, and others that may be gone back to.
        deployment: Name of the deployment.
    """
    try:
        served = find_served(deployment)
        if served is not None:
            keep(bucket, served)
        for other in _list_models(bucket) - {*kept, served}:
            # A second tag would let it stay longer.
            if not s3.get_object_tagging(Bucket=bucket, Key=places.model_key(other))["TagSet"]:
                supersede(bucket, other)
    except Exception as error:
        # A model that stays too long costs less than a deploy without an answer.
        logger.warning("No model is tagged", extra={"error": repr(error)})


def supersede(bucket: str, model: str) -> None:
    """Tags a model for the bucket's lifecycle to remove in time.

    The lifecycle counts an object's days from when it was written: copied onto itself, the model starts to
    age now.
    """
    key = places.model_key(model)
    try:
        s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
            Tagging=urlencode(places.SUPERSEDED),
        )
    except ClientError as error:
        logger.warning("The model is not tagged", extra={"model": model, "error": str(error)})


def _list_models(bucket: str) -> set[str]:
    """Returns the names of the models whose artifacts are in the bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=places.MODELS)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {name for key in keys if key == places.model_key(name := key.split("/")[1])}
