"""Answers requests to SageMaker and its runtime, through MiniStack's interface for a service."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.core import router

from local.sagemaker import roles, tags
from local.sagemaker.errors import ApiError
from local.sagemaker.hosting import capacities, endpoints, invocation, models
from local.sagemaker.jobs import training_jobs, transform_jobs
from local.sagemaker.jobs.job import stop_job
from local.sagemaker.records import (
    ENDPOINT_CONFIGS,
    ENDPOINTS,
    KINDS,
    MODELS,
    TRAINING_JOBS,
    TRANSFORM_JOBS,
    Record,
)
from local.sagemaker.registry import groups, names, packages
from local.sagemaker.request_validation import load_service_model, parse_request, select_members

_JSON_1_1 = "application/x-amz-json-1.1"

OPERATIONS: dict[str, Callable[[dict[str, Any]], Record]] = {
    **{f"Describe{kind.name}": kind.describe for kind in KINDS},
    **{f"List{kind.name}s": kind.list_page for kind in KINDS},
    "AddTags": tags.add_tags,
    "CreateEndpoint": endpoints.create_endpoint,
    "CreateEndpointConfig": models.create_endpoint_config,
    "CreateModel": models.create_model,
    "CreateModelPackage": packages.create_package,
    "CreateModelPackageGroup": groups.create_group,
    "CreateTrainingJob": training_jobs.create_training_job,
    "CreateTransformJob": transform_jobs.create_transform_job,
    "DeleteEndpoint": endpoints.delete_endpoint,
    "DeleteEndpointConfig": ENDPOINT_CONFIGS.delete,
    "DeleteModel": MODELS.delete,
    "DeleteModelPackage": packages.delete_package,
    "DeleteModelPackageGroup": groups.delete_group,
    "DeleteTags": tags.delete_tags,
    "DeleteTrainingJob": training_jobs.delete_training_job,
    "DescribeModelPackage": packages.describe_package,
    "DescribeModelPackageGroup": groups.describe_group,
    "ListModelPackageGroups": groups.list_groups,
    "ListModelPackages": packages.list_packages,
    "ListTags": tags.list_tags,
    "StopTrainingJob": partial(stop_job, TRAINING_JOBS),
    "StopTransformJob": partial(stop_job, TRANSFORM_JOBS),
    "UpdateEndpoint": endpoints.update_endpoint,
    "UpdateEndpointWeightsAndCapacities": capacities.update_weights_and_capacities,
    "UpdateModelPackage": packages.update_package,
}


async def handle_request(
    _method: str, path: str, headers: dict[str, str], body: bytes | str, _query: dict[str, Any]
) -> invocation.Reply:
    """Answers one request; it waits on a thread, never on the event loop."""
    content = body.encode() if isinstance(body, str) else body
    endpoint_name = invocation.parse_endpoint_name(path)
    try:
        if endpoint_name is not None:
            return await invocation.invoke(endpoint_name, content, headers)
        access_key = router.extract_access_key_id(headers)
        return await asyncio.to_thread(_answer, headers.get("x-amz-target", ""), path, content, access_key)
    except ApiError as error:
        return error.reply(_JSON_1_1 if endpoint_name is None else "application/json")


def call(name: str, request: dict[str, Any]) -> Record:
    """Runs an operation as if a client had called it; must be on a worker thread.

    Raises:
        ApiError: The operation's error.
    """
    _, _, body = _answer(f"SageMaker.{name}", "/", json.dumps(request).encode(), None)
    reply: Record = json.loads(body)
    return reply


def _answer(target: str, path: str, body: bytes, access_key: str | None) -> invocation.Reply:
    _, _, name = target.rpartition(".")
    if name not in OPERATIONS:
        asked = name or path
        raise ApiError(
            "UnknownOperationException", f"The embedded cloud's SageMaker has no operation {asked}."
        )
    request = parse_request(name, body)
    role_arn = request.get("RoleArn") or request.get("ExecutionRoleArn")
    if role_arn is not None and access_key is not None:
        roles.check_passable(role_arn, access_key)
    result = OPERATIONS[name](request)
    shape = load_service_model().operation_model(name).output_shape
    reply = select_members(result, shape) if shape else {}
    return 200, {"Content-Type": _JSON_1_1}, json.dumps(reply).encode()


def find_resource_arn(target: str, path: str, body: bytes) -> str:
    """Returns the ARN of the one resource that a request is about; ``*`` where there is none."""
    endpoint_name = invocation.parse_endpoint_name(path)
    if endpoint_name is not None:
        return ENDPOINTS.arn(endpoint_name)
    _, _, operation = target.rpartition(".")
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return "*"
    if not isinstance(request, dict):
        return "*"
    if "ResourceArn" in request:
        return str(request["ResourceArn"])
    if (arn := names.find_resource_arn(request)) is not None:
        return arn
    for kind in KINDS:
        if f"{kind.name}Name" in request and not operation.startswith("List"):
            return kind.arn(str(request[f"{kind.name}Name"]))
    return "*"
