"""InvokeEndpoint: passes a request to what serves the endpoint and answers as AWS's runtime does."""

import asyncio
import contextvars
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import urllib3

from local.sagemaker.containers.log_streams import ENDPOINT_GROUP
from local.sagemaker.containers.model_server import ServerDied, ServerGone
from local.sagemaker.errors import ApiError
from local.sagemaker.hosting import endpoints
from local.sagemaker.hosting.data_capture import Exchange
from local.sagemaker.hosting.variants import Variant
from local.sagemaker.records import ENDPOINTS
from local.sagemaker.request_validation import get_largest_body

Reply = tuple[int, dict[str, str], bytes]

#: Threads of their own: each waits for a model, and MiniStack's few must stay free for everything else.
_THREADS = ThreadPoolExecutor(64, thread_name_prefix="sagemaker-invoke")
_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_PASSED_ON = ("content-type", "accept", _CUSTOM_ATTRIBUTES)
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_DIED = (
    "Amazon SageMaker could not get a response from the {endpoint} endpoint. This can occur when CPU or "
    "memory utilization is high. To check your utilization, see Amazon CloudWatch. To fix this problem, use "
    "an instance type with more CPU capacity or memory."
)
_LARGEST_SERVERLESS_BODY = 4 * 1024 * 1024
#: Headers for kinds of endpoints that are not here, and their refusals; the first is in AWS's words.
_UNSUPPORTED = {
    "x-amzn-sagemaker-target-model": (
        "Endpoint {endpoint} is not a multi-model endpoint and does not support target model header."
    ),
    "x-amzn-sagemaker-target-container-hostname": (
        "Endpoint {endpoint} is not a multi-container endpoint and does not support target container "
        "hostname header."
    ),
    "x-amzn-sagemaker-inference-component": "Endpoint {endpoint} has no inference components.",
}


def parse_endpoint_name(path: str) -> str | None:
    """Returns the endpoint that a request's path invokes; None if it is no invocation."""
    parts = path.split("/")
    if len(parts) == 4 and parts[1] == "endpoints" and parts[3] == "invocations":
        return unquote(parts[2])
    return None


async def invoke(name: str, body: bytes, headers: dict[str, str]) -> Reply:
    """Invokes an endpoint; the event loop goes on meanwhile.

    Args:
        name: The endpoint's name.
        body: The request's body, passed on as it is.
        headers: The request's headers, their names in lower case.

    Raises:
        ApiError: ValidationError, ModelError or ServiceUnavailable, as InvokeEndpoint documents.
    """
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(
        _THREADS, lambda: context.run(_invoke, name, body, headers)
    )


def _invoke(name: str, body: bytes, headers: dict[str, str]) -> Reply:
    limit = get_largest_body()
    if len(body) > limit:
        raise ApiError(
            "ValidationError",
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have "
            f"length less than or equal to {limit}",
        )
    received = time.monotonic()
    target = headers.get("x-amzn-sagemaker-target-variant")
    while True:
        variant = endpoints.find_traffic(name).choose(target)
        for header, refusal in _UNSUPPORTED.items():
            if header in headers:
                raise ApiError("ValidationError", refusal.format(endpoint=name))
        if variant is None:
            raise ApiError("ValidationError", f"Variant {target} of endpoint {name} not found.")
        if variant.serverless and len(body) > _LARGEST_SERVERLESS_BODY:
            raise ApiError("ValidationError", f"Request {uuid.uuid4()} has oversize body.")
        try:
            # An update may have retired its deployment since; then the next look finds another one.
            with variant.server.request():
                return _ask(name, variant, body, headers, received)
        except ServerGone:
            if endpoints.find_traffic(name).holds(variant):
                raise ApiError("ServiceUnavailable", "The model server is not available.", 503) from None


def _ask(name: str, variant: Variant, body: bytes, headers: dict[str, str], received: float) -> Reply:
    passed = {header: headers[header] for header in _PASSED_ON if header in headers}
    began, status = time.monotonic(), 0
    try:
        answer = variant.server.invoke(body, passed)
        status = answer.status
    except urllib3.exceptions.ReadTimeoutError:
        raise _make_model_error(name, variant, status, _TIMED_OUT) from None
    except ServerDied:
        raise _make_model_error(name, variant, status, _DIED.format(endpoint=name)) from None
    finally:
        variant.metrics.add(time.monotonic() - began, began - received, status)
    if status >= 400:
        raise _make_model_error(name, variant, status, answer.data.decode(errors="replace"))
    answer_type = answer.headers.get("content-type", "application/octet-stream")
    variant.capture.add(
        Exchange(
            request=body,
            request_type=headers.get("content-type", "application/octet-stream"),
            response=answer.data,
            response_type=answer_type,
            inference_id=headers.get("x-amzn-sagemaker-inference-id"),
        )
    )
    reply = {"Content-Type": answer_type, "x-Amzn-Invoked-Production-Variant": variant.name}
    if attributes := answer.headers.get(_CUSTOM_ATTRIBUTES):
        reply["X-Amzn-SageMaker-Custom-Attributes"] = attributes
    return 200, reply, answer.data


def _make_model_error(name: str, variant: Variant, status: int, message: str) -> ApiError:
    _, _, _, region, account, _ = ENDPOINTS.arn(name).split(":")
    group = f"{ENDPOINT_GROUP}/{name}"
    side = "client" if 400 <= status < 500 else "server"
    return ApiError(
        "ModelError",
        f'Received {side} error ({status}) from primary with message "{message}". See '
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={group} in account {account} for more information.",
        424,
        ErrorCode=f"{side.upper()}_ERROR_FROM_MODEL",
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{variant.server.log.name}",
    )
