"""The deployment that data are staged for: its bucket and data set parameters, and what AWS's errors mean."""

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
    try:
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
    except (ClientError, BotoCoreError) as error:
        raise StagingError(_explanation(error)) from None
    except ValueError as error:  # what botocore raises for an endpoint in the environment that is no URL
        raise StagingError(f"{error}: check the environment, {WITHOUT_AWS}") from None
    return f"s3://{destination}/datasets/{data_set.id}/", changed


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
