"""Answers requests for SageMaker and its runtime, in the form that MiniStack wants of a service."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from ministack.core import router

from local.sagemaker import records, roles, tags
from local.sagemaker.errors import ApiError
from local.sagemaker.hosting import endpoints, invocation
from local.sagemaker.hosting import models as hosting
from local.sagemaker.jobs import training_jobs, transform_jobs
from local.sagemaker.records import Record
from local.sagemaker.request_validation import checked_request, service, shaped

_JSON_1_1 = "application/x-amz-json-1.1"

OPERATIONS: dict[str, Callable[[dict[str, Any]], Record]] = {
    "AddTags": tags.add_tags,
    "CreateEndpoint": endpoints.create_endpoint,
    "CreateEndpointConfig": hosting.create_endpoint_config,
    "CreateModel": hosting.create_model,
    "CreateTrainingJob": training_jobs.create_training_job,
    "CreateTransformJob": transform_jobs.create_transform_job,
    "DeleteEndpoint": endpoints.delete_endpoint,
    "DeleteEndpointConfig": hosting.delete_endpoint_config,
    "DeleteModel": hosting.delete_model,
    "DeleteTags": tags.delete_tags,
    "DeleteTrainingJob": training_jobs.delete_training_job,
    "DescribeEndpoint": endpoints.describe_endpoint,
    "DescribeEndpointConfig": hosting.describe_endpoint_config,
    "DescribeModel": hosting.describe_model,
    "DescribeTrainingJob": training_jobs.describe_training_job,
    "DescribeTransformJob": transform_jobs.describe_transform_job,
    "ListEndpointConfigs": hosting.list_endpoint_configs,
    "ListEndpoints": endpoints.list_endpoints,
    "ListModels": hosting.list_models,
    "ListTags": tags.list_tags,
    "ListTrainingJobs": training_jobs.list_training_jobs,
    "ListTransformJobs": transform_jobs.list_transform_jobs,
    "StopTrainingJob": training_jobs.stop_training_job,
    "StopTransformJob": transform_jobs.stop_transform_job,
    "UpdateEndpoint": endpoints.update_endpoint,
}


async def handle_request(
    _method: str, path: str, headers: dict[str, str], body: bytes | str, _query: dict[str, Any]
) -> invocation.Reply:
    """Answers one request; what it waits for, it waits for on a thread."""
    content = body.encode() if isinstance(body, str) else body
    endpoint_name = invocation.endpoint_of(path)
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
    request = checked_request(name, body)
    role_arn = request.get("RoleArn") or request.get("ExecutionRoleArn")
    if role_arn is not None and access_key is not None:
        roles.check_passable(role_arn, access_key)
    result = OPERATIONS[name](request)
    shape = service().operation_model(name).output_shape
    return 200, {"Content-Type": _JSON_1_1}, json.dumps(shaped(result, shape) if shape else {}).encode()


def resource_arn(target: str, path: str, body: bytes) -> str:
    """Returns what a request is about, as IAM policies name it; ``*`` for what concerns no one resource."""
    endpoint_name = invocation.endpoint_of(path)
    if endpoint_name is not None:
        return records.arn("endpoint", endpoint_name)
    _, _, operation = target.rpartition(".")
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return "*"
    if not isinstance(request, dict):
        return "*"
    if "ResourceArn" in request:
        return str(request["ResourceArn"])
    for kind, member in (
        ("training-job", "TrainingJobName"),
        ("transform-job", "TransformJobName"),
        ("model", "ModelName"),
        ("endpoint", "EndpointName"),
        ("endpoint-config", "EndpointConfigName"),
    ):
        if member in request and not operation.startswith("List"):
            return records.arn(kind, str(request[member]))
    return "*"
