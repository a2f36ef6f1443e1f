"""Keeps the records of each kind of resource, scoped to the caller's account and region."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from local.sagemaker.errors import ApiError, ValidationException
from local.sagemaker.listing import take_page

Record = dict[str, Any]

#: Held for every look-then-change on the stores; never while waiting for the network or a process.
LOCK = threading.RLock()
#: ARN of a resource to its tags, in the order they came.
tags = AccountRegionScopedDict()


@dataclass(frozen=True)
class Kind:
    """A kind of resource: its records by name, and the operations that are the same for every kind.

    Attributes:
        name: Its name in the API's operations and members, such as ``TrainingJob``.
        arn_type: Its name in ARNs, such as ``training-job``.
        noun: Its name in sentences, such as ``training job``.
        missing: AWS's message where there is no such resource.
        taken: AWS's message where the name is in use.
        order: SortOrder of the List operation where the request has none.
        store: The records.
    """

    name: str
    arn_type: str
    noun: str
    missing: str = 'Could not find {noun} "{arn}".'
    taken: str = 'Cannot create already existing {noun} "{arn}".'
    order: str = "Descending"
    store: AccountRegionScopedDict = field(default_factory=AccountRegionScopedDict)

    def arn(self, name: str) -> str:
        """Returns the ARN of a resource of the caller's account and region."""
        return f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:{self.arn_type}/{name}"

    def find(self, name: str) -> Record:
        """Returns a record, or raises AWS's error where there is none."""
        record: Record | None = self.store.get(name)
        if record is None:
            raise ValidationException(self.missing.format(noun=self.noun, name=name, arn=self.arn(name)))
        return record

    def add(self, members: Record) -> Record:
        """Stores a record of these members with its ARN and its times, and its tags beside it.

        Raises:
            ApiError: The name is in use.
        """
        name, moment = members[f"{self.name}Name"], now()
        record = {key: value for key, value in members.items() if key != "Tags"}
        record |= {f"{self.name}Arn": self.arn(name), "CreationTime": moment, "LastModifiedTime": moment}
        with LOCK:
            if name in self.store:
                code = "ResourceInUse" if self._is_job else "ValidationException"
                raise ApiError(code, self.taken.format(noun=self.noun, arn=self.arn(name)))
            self.store[name] = record
            set_tags(self.arn(name), members.get("Tags", []))
        return record

    def remove(self, name: str) -> None:
        """Forgets a resource with its tags."""
        with LOCK:
            self.store.pop(name, None)
            tags.pop(self.arn(name), None)

    def describe(self, request: dict[str, Any]) -> Record:
        """Runs the Describe operation."""
        return self.find(request[f"{self.name}Name"])

    def delete(self, request: dict[str, Any]) -> Record:
        """Runs the Delete operation of a resource that nothing runs for."""
        with LOCK:
            self.describe(request)
            self.remove(request[f"{self.name}Name"])
        return {}

    def list_page(self, request: dict[str, Any]) -> Record:
        """Runs the List operation."""
        records = list(self.store.values())
        page, token = take_page(records, request, resource=self.name, order=self.order)
        return {f"{self.name}Summaries" if self._is_job else f"{self.name}s": page, "NextToken": token}

    @property
    def _is_job(self) -> bool:
        return self.name.endswith("Job")


TRAINING_JOBS = Kind(
    "TrainingJob",
    "training-job",
    "training job",
    missing="Requested resource not found.",
    taken="Training job names must be unique within an AWS account and region, and a training job with this "
    "name already exists ({arn})",
    order="Ascending",
)
TRANSFORM_JOBS = Kind(
    "TransformJob",
    "transform-job",
    "transform job",
    missing="Could not find requested job with name: {name}",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists "
    "({arn})",
)
MODELS = Kind("Model", "model", "model")
ENDPOINTS = Kind("Endpoint", "endpoint", "endpoint")
ENDPOINT_CONFIGS = Kind("EndpointConfig", "endpoint-config", "endpoint configuration")
MODEL_PACKAGE_GROUPS = Kind(
    "ModelPackageGroup",
    "model-package-group",
    "ModelPackageGroup",
    missing="{noun} {arn} does not exist.",
    taken="{noun} already exists: {arn}",
)
MODEL_PACKAGES = Kind("ModelPackage", "model-package", "ModelPackage", missing="{noun} {arn} does not exist.")
#: A request is about the first kind that it names: jobs name models, and endpoints name configurations.
KINDS = (
    TRAINING_JOBS,
    TRANSFORM_JOBS,
    MODELS,
    ENDPOINTS,
    ENDPOINT_CONFIGS,
    MODEL_PACKAGE_GROUPS,
    MODEL_PACKAGES,
)


def now() -> float:
    """Returns the time as AWS's JSON has it: seconds since 1970, to the millisecond."""
    return round(time.time(), 3)


def set_tags(resource_arn: str, new: list[dict[str, str]]) -> None:
    """Adds tags to a resource, replacing those with the same key."""
    merged = {tag["Key"]: tag for tag in [*tags.get(resource_arn, []), *new]}
    if merged:
        tags[resource_arn] = list(merged.values())
