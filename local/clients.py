"""Makes boto3 clients of the embedded cloud, of which the server's environment tells them the address."""

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region

from local.iam.access import SECRET_ACCESS_KEY, assume_role


def make_client(service: str, role_arn: str | None = None, session: str = "SageMaker") -> Any:
    """Returns a client in the caller's account and region.

    Must be used on a worker thread: the server answers it on the event loop.

    Args:
        service: Service as boto3 names it.
        role_arn: Role to act as, as AWS does for jobs and endpoints; the account itself when None.
        session: Name of the role's session.
    """
    key, token = get_account_id(), None
    if role_arn is not None:
        key, token = assume_role(role_arn, session)
    return _make_client(service, get_region(), key, token)


@lru_cache(maxsize=64)
def _make_client(service: str, region: str, key: str, token: str | None) -> Any:
    session: Any = boto3.Session(
        aws_access_key_id=key,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        aws_session_token=token,
        region_name=region,
    )
    settings = Config(
        s3={"addressing_style": "path"},
        max_pool_connections=16,
        retries={"max_attempts": 2, "mode": "standard"},
        proxies={},
    )
    return session.client(service, config=settings)
