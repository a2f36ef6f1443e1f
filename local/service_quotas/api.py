"""Answers requests to Service Quotas, through MiniStack's interface for a service."""

import asyncio
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel

from local.sagemaker.errors import ApiError
from local.sagemaker.request_validation import parse_body, select_members
from local.service_quotas import operations
from local.service_quotas.operations import Record

SERVICE = "servicequotas"
_JSON_1_1 = "application/x-amz-json-1.1"

OPERATIONS: dict[str, Callable[[Record], Record]] = {
    "GetAWSDefaultServiceQuota": operations.get_default_quota,
    "GetServiceQuota": operations.get_service_quota,
    "ListAWSDefaultServiceQuotas": operations.list_default_quotas,
    "ListServiceQuotas": operations.list_service_quotas,
    "RequestServiceQuotaIncrease": operations.request_increase,
}


async def handle_request(
    _method: str, _path: str, headers: dict[str, str], body: bytes | str, _query: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """Answers one request; it waits on a thread, never on the event loop."""
    content = body.encode() if isinstance(body, str) else body
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    try:
        reply = await asyncio.to_thread(call, name, content)
    except ApiError as error:
        return error.reply(_JSON_1_1)
    return 200, {"Content-Type": _JSON_1_1}, json.dumps(reply).encode()


def call(name: str, body: bytes) -> Record:
    """Runs an operation on the body of a request.

    Raises:
        ApiError: The operation's error.
    """
    if name not in OPERATIONS:
        raise ApiError(
            "UnknownOperationException", f"The embedded cloud's Service Quotas has no operation {name}."
        )
    operation = _load_service_model().operation_model(name)
    assert operation.input_shape is not None
    assert operation.output_shape is not None
    result = OPERATIONS[name](parse_body(body, operation.input_shape))
    return dict(select_members(result, operation.output_shape))


@lru_cache(maxsize=1)
def _load_service_model() -> ServiceModel:
    return botocore.session.Session().get_service_model("service-quotas")
