"""Checks whether a service may act as a role, SageMaker above all, and whether a caller may have it so."""

import json
from typing import Any
from urllib.parse import unquote

import ministack.app
from botocore.exceptions import ClientError

from local.clients import make_client
from local.iam.access import assume_role, find_denial
from local.sagemaker.errors import ApiError, ValidationException

_PRINCIPAL = "sagemaker.amazonaws.com"


def check_passable(role_arn: str, access_key: str, principal: str = _PRINCIPAL) -> None:
    """Raises AWS's AccessDeniedException where the caller may not pass the role to a service."""
    if not ministack.app.AUTH:
        return
    context = {"iam:PassedToService": principal}
    if denial := find_denial(access_key, access_key, "iam:PassRole", role_arn, **context):
        raise ApiError("AccessDeniedException", denial)


def check_allowed(role_arn: str, action: str, resource: str) -> None:
    """Raises AWS's AccessDeniedException where a role that SageMaker acts as may not do something."""
    if not ministack.app.AUTH:
        return
    key, _ = assume_role(role_arn, "SageMaker")
    if denial := find_denial(key, role_arn, action, resource):
        raise ApiError("AccessDeniedException", denial)


def check_assumable(role_arn: str) -> None:
    """Raises the error that AWS gives where the role is not there or does not trust SageMaker."""
    try:
        role = make_client("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        role = None
    if role is None or role["Arn"] != role_arn or not trusts(role["AssumeRolePolicyDocument"]):
        raise ValidationException(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{_PRINCIPAL}' to assume the role."
        )


def trusts(document: str | dict[str, Any], principal: str = _PRINCIPAL) -> bool:
    """Returns whether a role's trust policy lets a service act as the role."""
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return any(
        statement["Effect"] == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and principal in _make_list(statement["Principal"].get("Service"))
        for statement in statements
    )


def _make_list(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []
