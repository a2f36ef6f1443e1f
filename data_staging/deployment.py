"""The deployment that data are staged for: its bucket, its data set, and what to do about AWS's errors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from data_staging import bucket
from data_staging.dataset import DataSet
from data_staging.errors import StagingError
from lambdas.workflow import places

ADVICE = {
    "NoSuchBucket": "check --bucket, or deploy the storage stack again",
    "AccessDenied": "these credentials may not: see the policy of the user or role, and the bucket's",
    "AccessDeniedException": "these credentials may not: see the policy of the user or role",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY",
    "InvalidSignatureException": "check AWS_SECRET_ACCESS_KEY",
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed"),
        "the bucket is in another region: set AWS_DEFAULT_REGION",
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException"), "log in again"),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
        "check AWS_ACCESS_KEY_ID or AWS_PROFILE",
    ),
}
WITHOUT_AWS = "or write to a folder with --out DIR"


def stage_to_s3(data_set: DataSet, name: str, bucket_name: str | None) -> tuple[str, bool]:
    """Uploads a data set, then makes it the one that a deployment trains on.

    Args:
        data_set: What to stage.
        name: The deployment's name.
        bucket_name: A bucket in place of the deployment's. The deployment could not read what lies there, and
            keeps the data set that it has.

    Returns:
        Where the data set lies (an S3 URI), and whether anything had to be changed.

    Raises:
        StagingError: AWS refused, cannot be reached, or has no such deployment.
    """
    with _explain_errors():
        session = boto3.Session()
        deployed = _read_parameter(session, name, "bucket")
        destination = bucket_name or deployed
        if destination is None:
            raise StagingError(
                f"there is no parameter {places.parameter(name, 'bucket')} in {session.region_name}: "
                f"deploy the storage stack first (cdk deploy {name}-storage), set AWS_DEFAULT_REGION or "
                f"--name if it is deployed elsewhere, {WITHOUT_AWS}"
            )
        changed = bucket.upload(data_set, session, destination)
        if destination == deployed and _read_parameter(session, name, "dataset") != data_set.id:
            session.client("ssm").put_parameter(
                Name=places.parameter(name, "dataset"), Value=data_set.id, Type="String", Overwrite=True
            )
            changed = True
    return places.s3_uri(destination, places.data_set_key(data_set.id)), changed


def read_staged_own_pictures(name: str, bucket_name: str | None) -> tuple[str, list[str]] | None:
    """Finds the own pictures that a deployment trains on.

    Args:
        name: The deployment's name.
        bucket_name: The bucket that staging is asked to write to, if not the deployment's.

    Returns:
        Where they lie (an S3 URI) and their classes in label order; None if CIFAR-100's pictures are staged,
        if none are, or if another bucket is meant.

    Raises:
        StagingError: AWS refused or cannot be reached.
    """
    with _explain_errors():
        session = boto3.Session()
        deployed = _read_parameter(session, name, "bucket")
        data_set = _read_parameter(session, name, "dataset")
        if deployed is None or data_set is None or bucket_name not in (None, deployed):
            return None
        s3 = session.client("s3")
        try:
            manifest = json.load(s3.get_object(Bucket=deployed, Key=places.manifest_key(data_set))["Body"])
        except s3.exceptions.NoSuchKey:
            return None
        if manifest["source"]["kind"] != "images":
            return None
        return places.s3_uri(deployed, places.data_set_key(data_set)), manifest["classes"]


def _read_parameter(session: boto3.Session, name: str, which: str) -> str | None:
    ssm = session.client("ssm")
    try:
        return ssm.get_parameter(Name=places.parameter(name, which))["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None


@contextmanager
def _explain_errors() -> Iterator[None]:
    """Turns each of AWS's errors into one line that says what to do."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StagingError(_explain(error)) from None
    except ValueError as error:  # what botocore raises for an endpoint in the environment that is no URL
        raise StagingError(f"{error}: check the environment, {WITHOUT_AWS}") from None


def _explain(error: ClientError | BotoCoreError) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, ClientError):
        advice = ADVICE.get(error.response["Error"]["Code"])
        return f"{text}; {advice}" if advice else text
    if isinstance(error, NoCredentialsError):
        return f"no AWS credentials: run aws configure or set AWS_PROFILE, {WITHOUT_AWS}"
    if isinstance(error, NoRegionError):
        return f"no AWS region: set AWS_DEFAULT_REGION, {WITHOUT_AWS}"
    if isinstance(error, (NoConnectionError, HTTPClientError)):
        return f"{text}: check the network and the region (AWS_DEFAULT_REGION), {WITHOUT_AWS}"
    return text
