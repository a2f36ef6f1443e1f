"""The models in the bucket: which is in use, and which the bucket's lifecycle may remove in time."""

from urllib.parse import urlencode

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.workflow.places import SUPERSEDED, model_key

logger = Logger(use_rfc3339=True)
s3 = boto3.client("s3")


def exists(bucket: str, model: str) -> bool:
    """Returns whether a model's artifact is in the bucket."""
    try:
        s3.head_object(Bucket=bucket, Key=model_key(model))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def keep(bucket: str, model: str) -> None:
    """Removes the tag of a superseded model from one that is in use again."""
    try:
        s3.delete_object_tagging(Bucket=bucket, Key=model_key(model))
    except ClientError as error:
        # Housekeeping, as below: the model is good whether or not its tag can be removed.
        logger.warning("The model is not untagged", extra={"model": model, "error": str(error)})


def supersede(bucket: str, model: str) -> None:
    """Tags a model for the bucket's lifecycle to remove in time.

    The lifecycle counts an object's days from when it was written: copied onto itself, the model starts to
    age now. It goes on serving until the endpoint is updated, and when that fails.
    """
    key = model_key(model)
    try:
        s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
            Tagging=urlencode(SUPERSEDED),
        )
    except ClientError as error:
        logger.warning("The model is not tagged", extra={"model": model, "error": str(error)})
