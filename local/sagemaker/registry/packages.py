"""The operations on model packages: the versions of a group, which are counted and never renumbered."""

from typing import Any

from local.sagemaker.errors import ValidationException
from local.sagemaker.listing import take_page
from local.sagemaker.records import LOCK, MODEL_PACKAGE_GROUPS, MODEL_PACKAGES, Record, now
from local.sagemaker.registry.names import find

# Members of UpdateModelPackage that take the place of what the package has.
_REPLACED = (
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SourceUri",
)


def create_package(request: dict[str, Any]) -> Record:
    """CreateModelPackage: the next version of a group; with a token that is known, the one made with it.

    Raises:
        ApiError: There is no such group, or the request asks for what only packages without a group have.
    """
    named, grouped = "ModelPackageName" in request, "ModelPackageGroupName" in request
    if named and grouped:
        raise ValidationException(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine "
            "which one to use."
        )
    if not grouped:
        raise ValidationException(
            "The embedded cloud keeps model packages as versions of a group only: ModelPackageGroupName is "
            "required."
        )
    if request.get("Tags"):
        raise ValidationException(
            "Tags cannot be given to a version of a model package group: it has the group's."
        )
    with LOCK:
        group = find(MODEL_PACKAGE_GROUPS, request["ModelPackageGroupName"])
        name, token = group["ModelPackageGroupName"], request.get("ClientToken")
        for package in _list_versions(name):
            if token is not None and package.get("ClientToken") == token:
                return package
        group["LastVersion"] += 1
        package = MODEL_PACKAGES.add(
            {
                "ModelApprovalStatus": "PendingManualApproval",
                **request,
                "ModelPackageName": f"{name}/{group['LastVersion']}",
                "ModelPackageGroupName": name,
                "ModelPackageVersion": group["LastVersion"],
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            }
        )
        # AWS calls a version by its group's name; the number is a member of its own.
        package["ModelPackageName"] = name
        return package


def describe_package(request: dict[str, Any]) -> Record:
    """DescribeModelPackage."""
    return find(MODEL_PACKAGES, request["ModelPackageName"])


def list_packages(request: dict[str, Any]) -> Record:
    """ListModelPackages: the versions of a group, or of all; without either wish AWS lists other packages."""
    group = request.get("ModelPackageGroupName")
    if group is not None:
        records = _list_versions(find(MODEL_PACKAGE_GROUPS, group)["ModelPackageGroupName"])
    elif request.get("ModelPackageType", "Unversioned") == "Unversioned":
        records = []
    else:
        records = list(MODEL_PACKAGES.store.values())
    wanted = request.get("ModelApprovalStatus")
    records = [record for record in records if wanted in (None, record["ModelApprovalStatus"])]
    page, token = take_page(records, request, resource="ModelPackage", order="Ascending")
    return {"ModelPackageSummaryList": page, "NextToken": token}


def update_package(request: dict[str, Any]) -> Record:
    """UpdateModelPackage: metadata are added to those that are there, and replace those of the same key."""
    with LOCK:
        package = find(MODEL_PACKAGES, request["ModelPackageArn"])
        package.update({member: request[member] for member in _REPLACED if member in request})
        metadata = {
            **package.get("CustomerMetadataProperties", {}),
            **request.get("CustomerMetadataProperties", {}),
        }
        for key in request.get("CustomerMetadataPropertiesToRemove", []):
            metadata.pop(key, None)
        package["CustomerMetadataProperties"] = metadata
        package["AdditionalInferenceSpecifications"] = [
            *package.get("AdditionalInferenceSpecifications", []),
            *request.get("AdditionalInferenceSpecificationsToAdd", []),
        ]
        package["LastModifiedTime"] = now()
        return package


def delete_package(request: dict[str, Any]) -> Record:
    """DeleteModelPackage; its number is not given again."""
    with LOCK:
        package = describe_package(request)
        MODEL_PACKAGES.remove(f"{package['ModelPackageGroupName']}/{package['ModelPackageVersion']}")
    return {}


def _list_versions(group: str) -> list[Record]:
    return [package for package in MODEL_PACKAGES.store.values() if package["ModelPackageGroupName"] == group]
