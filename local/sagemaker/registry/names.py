"""Groups and packages are named by a name or by an ARN: what a request is about."""

from typing import Any

from local.sagemaker.errors import ValidationException
from local.sagemaker.records import MODEL_PACKAGE_GROUPS, MODEL_PACKAGES, Kind, Record

# A request is about the first of these that it names.
_MEMBERS = {
    "ModelPackageArn": MODEL_PACKAGES,
    "ModelPackageName": MODEL_PACKAGES,
    "ModelPackageGroupName": MODEL_PACKAGE_GROUPS,
}


def find(kind: Kind, identifier: str) -> Record:
    """Returns the record of a name or an ARN.

    Raises:
        ApiError: There is none in the caller's account and region.
    """
    name = identifier.partition("/")[2] if identifier.startswith("arn:") else identifier
    if identifier not in (name, kind.arn(name)):
        raise ValidationException(f"{kind.noun} {identifier} does not exist.")
    return kind.find(name)


def find_resource_arn(request: dict[str, Any]) -> str | None:
    """Returns the ARN of the group or package that a request is about, None where it names neither."""
    for member, kind in _MEMBERS.items():
        if member in request:
            identifier = str(request[member])
            return identifier if identifier.startswith("arn:") else kind.arn(identifier)
    return None
