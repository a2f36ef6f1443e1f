"""AWS::SageMaker::Model, ModelPackageGroup, EndpointConfig and Endpoint for MiniStack's CloudFormation.

``Ref`` is the ARN and ``Fn::GetAtt`` gives the name, as on AWS. All functions here run on a worker thread.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.services.cloudformation import provisioners

from local.patching import find_original
from local.sagemaker import api
from local.sagemaker.errors import ApiError
from local.sagemaker.records import Record
from local.sagemaker.request_validation import get_request_shape

Properties = dict[str, Any]
Created = tuple[str, dict[str, str]]

_SETTLE_SECONDS = 900
_UPDATE_SECONDS = 29_700  # the largest MaximumExecutionTimeoutInSeconds, and some more
_POLL_SECONDS = 0.2

_physical_name = find_original(provisioners, "_physical_name")


class ResourceFailed(Exception):
    """A resource could not be made, changed or deleted; CloudFormation shows the message to the user."""


@dataclass(frozen=True)
class ResourceType:
    """One of SageMaker's resource types.

    Attributes:
        noun: Its name in the API's operations, such as ``Model``.
        updated_in_place: Properties that change without a replacement.
    """

    noun: str
    updated_in_place: tuple[str, ...]

    @property
    def name_member(self) -> str:
        """The member of requests and records that holds its name."""
        return f"{self.noun}Name"

    @property
    def properties(self) -> dict[str, Shape]:
        """Its properties, which are the members of the Create operation's request."""
        return dict(get_request_shape(f"Create{self.noun}").members)

    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Created:
        """Makes the resource."""
        unknown = [name for name in properties if name not in {*self.properties, *self.updated_in_place}]
        if unknown:
            raise ResourceFailed(
                "Properties validation failed for resource "
                f"{logical_id} with message: #: extraneous key [{unknown[0]}] is not permitted"
            )
        name = properties.get(self.name_member) or _physical_name(stack_name, logical_id, max_len=63)
        request = {
            key: coerce(value, self.properties[key])
            for key, value in properties.items()
            if key in self.properties
        }
        created = _call(f"Create{self.noun}", {**request, self.name_member: name})
        return created[f"{self.noun}Arn"], {self.name_member: name}

    def update(self, physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Created:
        """Changes the resource's tags; CloudFormation replaces it where anything else changes."""
        before = {tag["Key"] for tag in _call("ListTags", {"ResourceArn": physical_id}).get("Tags", [])}
        tags = new.get("Tags", [])
        if gone := before - {tag["Key"] for tag in tags}:
            _call("DeleteTags", {"ResourceArn": physical_id, "TagKeys": sorted(gone)})
        if tags:
            _call("AddTags", {"ResourceArn": physical_id, "Tags": tags})
        return physical_id, {self.name_member: _get_name(physical_id)}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        """Deletes the resource, if it is there."""
        try:
            api.call(f"Delete{self.noun}", {self.name_member: _get_name(physical_id)})
        except ApiError as error:
            if not (error.message.startswith("Could not find") or error.message.endswith("not exist.")):
                raise ResourceFailed(_format_error(error)) from error


class EndpointType(ResourceType):
    """An endpoint, for which CloudFormation waits."""

    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Created:
        """Makes the endpoint and waits until it is in service; one that fails is deleted."""
        physical_id, attributes = super().create(logical_id, properties, stack_name)
        record = _await_settled(attributes["EndpointName"])
        if record is None or record["EndpointStatus"] != "InService":
            self.delete(physical_id, properties)
            reason = record["FailureReason"] if record else "it was deleted meanwhile"
            raise ResourceFailed(
                f"The endpoint {attributes['EndpointName']} did not come into service: {reason}"
            )
        return physical_id, attributes

    def update(self, physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
        """Updates the endpoint and waits, through all its baking.

        Where the update fails or is rolled back, the old configuration stays in service.
        """
        name, config = _get_name(physical_id), _get_name(new["EndpointConfigName"])
        before = _await_settled(name)
        if before is None or before["EndpointConfigName"] != config:
            request = {key: value for key, value in new.items() if key in _UPDATE_MEMBERS}
            shapes = get_request_shape("UpdateEndpoint").members
            typed = {key: coerce(value, shapes[key]) for key, value in request.items()}
            _call("UpdateEndpoint", {**typed, "EndpointName": name, "EndpointConfigName": config})
            record = _await_settled(name, _UPDATE_SECONDS)
            if record is None:
                raise ResourceFailed(f"The endpoint {name} was deleted meanwhile")
            if record["EndpointConfigName"] != config:
                raise ResourceFailed(
                    f"The endpoint {name} goes on serving endpoint configuration "
                    f"{record['EndpointConfigName']}: {record.get('FailureReason')}"
                )
        return super().update(physical_id, old, new, stack_name)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Deletes the endpoint and waits until it is gone."""
        _await_settled(_get_name(physical_id))
        super().delete(physical_id, properties)
        _await_settled(_get_name(physical_id))


_UPDATE_MEMBERS = (
    "DeploymentConfig",
    "ExcludeRetainedVariantProperties",
    "RetainAllVariantProperties",
    "RetainDeploymentConfig",
)
_TYPES = {
    "AWS::SageMaker::Model": ResourceType("Model", ("Tags",)),
    "AWS::SageMaker::ModelPackageGroup": ResourceType("ModelPackageGroup", ("Tags",)),
    "AWS::SageMaker::EndpointConfig": ResourceType("EndpointConfig", ("Tags",)),
    "AWS::SageMaker::Endpoint": EndpointType("Endpoint", ("Tags", "EndpointConfigName", *_UPDATE_MEMBERS)),
}

HANDLERS: dict[str, dict[str, Callable[..., Any]]] = {
    name: {"create": kind.create, "update": kind.update, "delete": kind.delete}
    for name, kind in _TYPES.items()
}
REPLACING_PROPERTIES: dict[str, tuple[str, ...]] = {
    name: tuple(key for key in kind.properties if key not in kind.updated_in_place)
    for name, kind in _TYPES.items()
}
#: A resource whose name the template gives cannot be replaced under that name.
CUSTOM_NAMES = {name: {"name": kind.name_member} for name, kind in _TYPES.items()}


def coerce(value: Any, shape: Shape) -> Any:
    """Returns a property with the type of its shape: templates may hold numbers and booleans as strings."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            key: coerce(item, shape.members[key]) if key in shape.members else item
            for key, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [coerce(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: coerce(item, shape.value) for key, item in value.items()}
    if isinstance(value, str) and shape.type_name in ("integer", "long", "float", "double"):
        with contextlib.suppress(ValueError):  # the operation refuses other text
            return float(value) if shape.type_name in ("float", "double") else int(value)
    if isinstance(value, str) and shape.type_name == "boolean":
        return value.lower() == "true"
    return value if shape.type_name != "string" or isinstance(value, str) else str(value)


def _await_settled(name: str, seconds: float = _SETTLE_SECONDS) -> Record | None:
    """Waits until nothing is under way with an endpoint and returns it; None once there is none."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            record = api.call("DescribeEndpoint", {"EndpointName": name})
        except ApiError:
            return None
        if record["EndpointStatus"] in ("InService", "Failed"):
            return record
        time.sleep(_POLL_SECONDS)
    raise ResourceFailed(f"The endpoint {name} did not settle within {seconds} seconds")


def _call(operation: str, request: Properties) -> Record:
    try:
        return api.call(operation, request)
    except ApiError as error:
        raise ResourceFailed(_format_error(error)) from error


def _format_error(error: ApiError) -> str:
    return (
        f'Resource handler returned message: "{error.message} '
        f'(Service: SageMaker, Status Code: {error.status})" (HandlerErrorCode: {error.code})'
    )


def _get_name(identifier: str) -> str:
    return identifier.rpartition("/")[2]
