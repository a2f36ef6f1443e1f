"""Turns what AWS answers instead of doing it into one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from data_staging.errors import StagingError

ADVICE = {
    "NoSuchBucket": "check --bucket, or deploy the storage stack again",
    "AccessDenied": "these credentials may not: see the policy of the user or role, and the bucket's",
    "AccessDeniedException": "these credentials may not: see the policy of the user or role",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY",
    "InvalidSignatureException": "check AWS_SECRET_ACCESS_KEY",
    **dict.fromkeys(
        ("ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "SlowDown"),
        "AWS is too busy: run it again in a minute",
    ),
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


@contextmanager
def explain_errors() -> Iterator[None]:
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
