"""Whether SageMaker may act as a role."""

import json
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from local.sagemaker.emulator import client
from local.sagemaker.errors import invalid

_PRINCIPAL = "sagemaker.amazonaws.com"


def check_assumable(role_arn: str) -> None:
    """Raises the error that AWS gives where the role is not there or does not trust SageMaker."""
    try:
        role = client("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        role = None
    if role is None or role["Arn"] != role_arn or not _trusts(role["AssumeRolePolicyDocument"]):
        raise invalid(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{_PRINCIPAL}' to assume the role."
        )


def _trusts(document: str | dict[str, Any]) -> bool:
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return any(
        statement["Effect"] == "Allow"
        and _PRINCIPAL in _listed(statement.get("Principal", {}).get("Service"))
        for statement in statements
    )


def _listed(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []
