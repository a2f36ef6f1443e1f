"""The versions of a deployment's model: every model that passed, in SageMaker's Model Registry.

They are the packages of a group that bears the deployment's name. A package's description is the name of its
model: it is all that a list tells of a package beside its number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Version:
    """A registered model, and what the last evaluation that it passed found.

    Attributes:
        number: Its number, from 1.
        registered: When it was registered.
        model: Name of the model.
        accuracy: Its accuracy on the validation split.
        dataset: Id of the data set with that split.
        classes: The name that a production variant of its classes bears.
        job: Name of the transform job.
    """

    number: int
    registered: datetime
    model: str
    accuracy: float
    dataset: str
    classes: str
    job: str


def list_versions(sagemaker: Any, name: str) -> list[Version]:
    """Returns the versions of a deployment's model, the newest first.

    Raises:
        ClientError: SageMaker refuses, or there is no such group.
    """
    return [_describe(sagemaker, package) for package in list_packages(sagemaker, name)]


def find_version(sagemaker: Any, name: str, number: str) -> Version | None:
    """Returns the version of a number, None where there is none."""
    for package in list_packages(sagemaker, name):
        if str(package["ModelPackageVersion"]) == number:
            return _describe(sagemaker, package)
    return None


def find_newest_model(sagemaker: Any, name: str) -> str | None:
    """Returns the name of the model that was registered last."""
    return next((package["ModelPackageDescription"] for package in list_packages(sagemaker, name)), None)


def list_packages(sagemaker: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yields the summaries of the packages, the newest first."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
    packages = [package for page in pages for package in page["ModelPackageSummaryList"]]
    yield from sorted(packages, key=lambda package: package["ModelPackageVersion"], reverse=True)


def _describe(sagemaker: Any, package: Mapping[str, Any]) -> Version:
    described = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    facts = described["CustomerMetadataProperties"]
    return Version(
        described["ModelPackageVersion"],
        described["CreationTime"],
        model=facts["model"],
        accuracy=float(facts["accuracy"]),
        dataset=facts["dataset"],
        classes=facts["classes"],
        job=facts["job"],
    )
