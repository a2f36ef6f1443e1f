"""The operations on groups of model packages."""

from typing import Any

from local.sagemaker.errors import ApiError
from local.sagemaker.listing import take_page
from local.sagemaker.records import LOCK, MODEL_PACKAGE_GROUPS, MODEL_PACKAGES, Record
from local.sagemaker.registry.names import find


def create_group(request: dict[str, Any]) -> Record:
    """CreateModelPackageGroup."""
    return MODEL_PACKAGE_GROUPS.add(
        {**request, "ModelPackageGroupStatus": "Completed", "CreatedBy": {}, "LastVersion": 0}
    )


def describe_group(request: dict[str, Any]) -> Record:
    """DescribeModelPackageGroup."""
    return find(MODEL_PACKAGE_GROUPS, request["ModelPackageGroupName"])


def list_groups(request: dict[str, Any]) -> Record:
    """ListModelPackageGroups; there are none of other accounts."""
    records = list(MODEL_PACKAGE_GROUPS.store.values())
    if request.get("CrossAccountFilterOption") == "CrossAccount":
        records = []
    page, token = take_page(records, request, resource="ModelPackageGroup", order="Descending")
    return {"ModelPackageGroupSummaryList": page, "NextToken": token}


def delete_group(request: dict[str, Any]) -> Record:
    """DeleteModelPackageGroup: a group that has packages is not deleted."""
    with LOCK:
        name = describe_group(request)["ModelPackageGroupName"]
        if any(package["ModelPackageGroupName"] == name for package in MODEL_PACKAGES.store.values()):
            raise ApiError(
                "ConflictException",
                f"ModelPackageGroup {MODEL_PACKAGE_GROUPS.arn(name)} has model packages and cannot be "
                "deleted. Delete its model packages first.",
            )
        MODEL_PACKAGE_GROUPS.remove(name)
    return {}
