"""The deployment that data are staged for: its bucket and data set parameters, and what AWS's errors mean."""

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

ADVICE = {
    "NoSuchBucket": "check --bucket, or deploy the storage stack again",
    "AccessDenied": "these credentials may not: see the policy of the user or role, and the bucket's",
    "AccessDeniedException": "these credentials may not: see the policy of the user or role",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_DEFAULT_REGION",
    "ExpiredToken": "log in again",
    "ExpiredTokenException": "log in again",
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID or AWS_PROFILE",
    "InvalidClientTokenId": "check AWS_ACCESS_KEY_ID or AWS_PROFILE",
    "UnrecognizedClientException": "check AWS_ACCESS_KEY_ID or AWS_PROFILE",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY",
    "InvalidSignatureException": "check AWS_SECRET_ACCESS_KEY",
}
WITHOUT_AWS = "or write to a folder with --out DIR"


def stage_to_s3(data_set: DataSet, name: str, bucket_name: str | None) -> tuple[str, bool]:
    """Uploads a data set, then makes it the one that a deployment trains on.

    Args:
        data_set: What to stage.
        name: The deployment's name; its bucket is the value of the SSM parameter ``/{name}/bucket``.
        bucket_name: Another bucket. The deployment could not read what lies there, so that it is then told
            nothing of it.

    Returns:
        Where the data set lies (an ``s3://`` URL), and whether anything had to be changed.

    Raises:
        StagingError: AWS refused, cannot be reached, or has no such deployment.
    """
    with _errors_explained():
        session = boto3.Session()
        deployed = _parameter(session, f"/{name}/bucket")
        destination = bucket_name or deployed
        if destination is None:
            raise StagingError(
                f"there is no parameter /{name}/bucket in {session.region_name}: deploy the storage stack "
                f"first (cdk deploy {name}-storage), set AWS_DEFAULT_REGION or --name if it is deployed "
                f"elsewhere, {WITHOUT_AWS}"
            )
        changed = bucket.upload(data_set, session, destination)
        parameter = f"/{name}/dataset"
        if destination == deployed and _parameter(session, parameter) != data_set.id:
            session.client("ssm").put_parameter(
                Name=parameter, Value=data_set.id, Type="String", Overwrite=True
            )
            changed = True
    return f"s3://{destination}/datasets/{data_set.id}/", changed


def own_pictures(name: str, bucket_name: str | None) -> tuple[str, list[str]] | None:
    """Looks whether a deployment trains on pictures of a folder, which nothing else should take the place of.

    Args:
        name: The deployment's name.
        bucket_name: Where something else is to be put, if not into the deployment's bucket.

    Returns:
        Where they lie (an ``s3://`` URL) and their classes in label order; None if they are CIFAR-100's, if
        nothing is staged, or if another bucket is meant.

    Raises:
        StagingError: AWS refused or cannot be reached.
    """
    with _errors_explained():
        session = boto3.Session()
        deployed = _parameter(session, f"/{name}/bucket")
        data_set = _parameter(session, f"/{name}/dataset")
        if deployed is None or data_set is None or bucket_name not in (None, deployed):
            return None
        s3 = session.client("s3")
        try:
            manifest = s3.get_object(Bucket=deployed, Key=f"datasets/{data_set}/manifest.json")["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        content = json.loads(manifest)
        if content["source"]["kind"] != "images":
            return None
        return f"s3://{deployed}/datasets/{data_set}/", content["classes"]


@contextmanager
def _errors_explained() -> Iterator[None]:
    """Turns AWS's errors into one line each that says what to do."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StagingError(_explanation(error)) from None
    except ValueError as error:  # what botocore raises for an endpoint in the environment that is no URL
        raise StagingError(f"{error}: check the environment, {WITHOUT_AWS}") from None


def _parameter(session: boto3.Session, path: str) -> str | None:
    ssm = session.client("ssm")
    try:
        return ssm.get_parameter(Name=path)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None


def _explanation(error: ClientError | BotoCoreError) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        return f"{text}; {ADVICE[code]}" if code in ADVICE else text
    if isinstance(error, NoCredentialsError):
        return f"no AWS credentials: run aws configure or set AWS_PROFILE, {WITHOUT_AWS}"
    if isinstance(error, NoRegionError):
        return f"no AWS region: set AWS_DEFAULT_REGION, {WITHOUT_AWS}"
    if isinstance(error, (NoConnectionError, HTTPClientError)):
        return f"{text}: check the network and the region (AWS_DEFAULT_REGION), {WITHOUT_AWS}"
    return text
