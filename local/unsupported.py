"""Answers requests to services that the embedded cloud does not have, in words; X-Ray's data it takes.

A client shows the code and the message of an error, of which MiniStack's answer has neither.
"""

import json
from typing import Any

from ministack import app

from local.patching import wrap

Answer = tuple[int, dict[str, str], bytes]
MARK = b'{"error": "Unsupported service: '
TAKEN: dict[str, Any] = {"/TraceSegments": {"UnprocessedTraceSegments": []}, "/TelemetryRecords": {}}
"""What X-Ray answers to whoever hands it traces; here nobody reads them."""


def install() -> None:
    """Replaces MiniStack's answer."""
    wrap(app, "_dispatch_service_request", _dispatch)


async def _dispatch(dispatch: Any, method: str, path: str, headers: dict[str, str], *rest: Any) -> Answer:
    status, answered, body = await dispatch(method, path, headers, *rest)
    if status != 400 or not isinstance(body, bytes) or not body.startswith(MARK):
        return status, answered, body
    service = body.removeprefix(MARK).removesuffix(b'"}').decode()
    if service == "xray" and path in TAKEN:
        return 200, {"Content-Type": "application/json"}, json.dumps(TAKEN[path]).encode()
    return refuse(service, headers.get("x-amz-target", "").rpartition(".")[2] or path)


def refuse(service: str, operation: str) -> Answer:
    """Returns AWS's error for an operation that a service does not know."""
    code = "UnknownOperationException"
    message = f"The embedded cloud has no {service} service: {operation} is not answered here."
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return 400, headers, json.dumps({"__type": code, "message": message}).encode()
