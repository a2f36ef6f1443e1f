"""Runs one Python Lambda function over the Lambda Runtime API, as AWS's own runtime does.

Started isolated (``python -I -S``), it sees the function's package, then what AWS's runtime brings, then the
standard library: a dependency that the package lacks is missing here as on AWS. Imports nothing of ours.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import importlib
import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

RESPONSE_BYTES = 6_291_556
"""The most that AWS takes from a function; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
END_OF_OUTPUT = "\x00end of output "
"""Printed with the request's id when a function is done, so that its last line is known to be the last."""


class RuntimeApi:
    """The Lambda service, over one connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[dict[str, str], bytes]:
        """Waits for an invocation; returns its headers by lower-case name, and its event as JSON."""
        response, body = self._request("GET", "invocation/next", None)
        if response.status != 200:
            sys.exit(0)
        return {name.lower(): value for name, value in response.getheaders()}, body

    def post(self, path: str, body: bytes) -> None:
        """Sends a result or an error."""
        self._request("POST", path, body)

    def _request(self, method: str, path: str, body: bytes | None) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, f"/2018-06-01/runtime/{path}", body)
        response = self._connection.getresponse()
        return response, response.read()


class Context(SimpleNamespace):
    """The context object of an invocation; https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    def get_remaining_time_in_millis(self) -> int:
        """Returns the milliseconds until the function is stopped."""
        return max(0, self._deadline - int(time.time() * 1000))


def main() -> None:
    """Loads the handler, then serves invocations until the service is gone."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], os.environ["LAMBDA_RUNTIME_DIR"]]
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    log_handler = logging.StreamHandler(sys.stdout)
    logging.getLogger().addHandler(log_handler)
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:  # a module may raise anything on import; it goes to the function's log
        problem = describe_import_error(error)
        print(f"[ERROR] {problem['errorType']}: {problem['errorMessage']}", flush=True)
        api.post("init/error", json.dumps(problem).encode())
        sys.exit(1)
    while True:
        headers, event = api.next()
        request = headers["lambda-runtime-aws-request-id"]
        if "lambda-runtime-trace-id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        log_handler.setFormatter(
            logging.Formatter(f"[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request}\t%(message)s", "%FT%T")
        )
        kind, body = answer(handler, event, make_context(headers))
        print(f"{END_OF_OUTPUT}{request}", flush=True)
        api.post(f"invocation/{request}/{kind}", body)


def load(name: str) -> Callable[[Any, Any], Any]:
    """Returns the function that ``package.module.function`` or ``package/module.function`` names."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def describe_import_error(error: Exception) -> dict[str, Any]:
    """Returns AWS's report of a handler that cannot be loaded."""
    name = os.environ["_HANDLER"]
    module, _, function = name.rpartition(".")
    if isinstance(error, ImportError):
        message, kind = f"Unable to import module '{module}': {error}", "Runtime.ImportModuleError"
    elif isinstance(error, AttributeError) and not hasattr(sys.modules.get(module), function):
        message, kind = f"Handler '{function}' missing on module '{module}'", "Runtime.HandlerNotFound"
    else:
        message, kind = str(error), type(error).__name__
    return {"errorMessage": message, "errorType": kind, "requestId": "", "stackTrace": _format_stack(error)}


def make_context(headers: dict[str, str]) -> Context:
    """Makes the context object of an invocation from its headers."""
    environment = os.environ
    return Context(
        aws_request_id=headers["lambda-runtime-aws-request-id"],
        invoked_function_arn=headers["lambda-runtime-invoked-function-arn"],
        function_name=environment["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=environment["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=environment["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=environment["AWS_LAMBDA_LOG_STREAM_NAME"],
        client_context=None,
        identity=None,
        _deadline=int(headers["lambda-runtime-deadline-ms"]),
    )


def answer(handler: Callable[[Any, Any], Any], event: bytes, invocation: Context) -> tuple[str, bytes]:
    """Calls the handler; returns ``response`` or ``error``, and the body that says it."""
    try:
        decoded = json.loads(event)
    except (ValueError, RecursionError) as error:
        return _report_failure(
            "Runtime.UnmarshalError", f"Unable to unmarshal input: {error}", invocation, []
        )
    try:
        result = handler(decoded, invocation)
    except Exception as error:  # reported by its class name, as on AWS
        return _report_failure(type(error).__name__, str(error), invocation, _format_stack(error))
    try:
        body = json.dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        return _report_failure("Runtime.MarshalError", f"Unable to marshal response: {error}", invocation, [])
    if len(body) > RESPONSE_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
        return _report_failure("Function.ResponseSizeTooLarge", message, invocation, [])
    return "response", body


def _report_failure(kind: str, message: str, invocation: Context, stack: list[str]) -> tuple[str, bytes]:
    report = {"errorMessage": message, "errorType": kind, "requestId": invocation.aws_request_id}
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        print(json.dumps({"timestamp": stamp, "level": "ERROR", **report, "stackTrace": stack}))
    else:
        print(
            f"[ERROR] {kind}: {message}",
            *(["Traceback (most recent call last):", *stack] if stack else []),
            sep="\n",
        )
    return "error", json.dumps({**report, "stackTrace": stack}).encode()


def _format_stack(error: Exception) -> list[str]:
    # The first frame is this file's, of which the function knows nothing.
    return traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
