"""A service of AWS that MiniStack lacks: botocore's model of it says what a request and a reply may hold."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import botocore.session
import ministack.app
from botocore.model import ServiceModel, Shape
from ministack.core import iam_actions, router

from local.patching import find_original, wrap
from local.sagemaker.errors import ApiError
from local.sagemaker.request_validation import parse_body, select_members

Record = dict[str, Any]

_JSON_1_1 = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class JsonService:
    """One of AWS's services.

    Attributes:
        model_name: Its name in botocore.
        title: Its name in sentences.
        operations: What answers each operation, by name.
        find_resource_arn: Returns the ARN that a request, by its headers and body, is about for policies.
    """

    model_name: str
    title: str
    operations: Mapping[str, Callable[[Record], Record]]
    find_resource_arn: Callable[[dict[str, str], bytes], str]

    def install(self, state: ModuleType | None = None) -> None:
        """Lets MiniStack serve it, through names that MiniStack does not promise to keep.

        Args:
            state: What keeps its records by MiniStack's contract for a state, if it has any.

        Raises:
            SystemExit: MiniStack is not the pinned version: one of the names used here is not there.
        """
        name = self._model.signing_name
        key = name.replace("-", "_")
        module = state or ModuleType(key)
        sys.modules[f"ministack.services.{key}"] = module
        find_original(ministack.app, "_loaded_modules")[key] = module
        if state is not None:
            find_original(ministack.app, "_state_map")[key] = key
        find_original(ministack.app, "SERVICE_REGISTRY")[name] = {"module": key}
        find_original(ministack.app, "SERVICE_HANDLERS")[name] = self.handle_request
        find_original(router, "SERVICE_PATTERNS")[name] = {
            "host_patterns": [rf"{self._model.endpoint_prefix}\."],
            "target_prefixes": [f"{self._model.metadata['targetPrefix']}."],
            "credential_scope": name,
        }
        find_original(iam_actions, "SERVICE_TO_IAM_NAMESPACE")[name] = name
        wrap(iam_actions, "extract_resource_arn", self._extract_resource_arn)

    def call(self, operation: str, request: Record) -> Record:
        """Runs an operation as if a client had called it; must be on a worker thread.

        Raises:
            ApiError: The operation's error.
        """
        return self._answer(operation, json.dumps(request).encode())

    def get_request_shape(self, operation: str) -> Shape:
        """Returns the shape of an operation's request."""
        shape = self._model.operation_model(operation).input_shape
        assert shape is not None, f"{operation} takes nothing"
        return shape

    @cached_property
    def _model(self) -> ServiceModel:
        return botocore.session.Session().get_service_model(self.model_name)

    async def handle_request(
        self, _method: str, _path: str, headers: dict[str, str], body: bytes | str, _query: dict[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        """Answers one request; it waits on a thread, never on the event loop."""
        content = body.encode() if isinstance(body, str) else body
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            reply = await asyncio.to_thread(self._answer, operation, content)
        except ApiError as error:
            return error.reply(_JSON_1_1)
        return 200, {"Content-Type": _JSON_1_1}, json.dumps(reply).encode()

    def _answer(self, operation: str, body: bytes) -> Record:
        if operation not in self.operations:
            raise ApiError(
                "UnknownOperationException",
                f"The embedded cloud's {self.title} has no operation {operation}.",
            )
        result = self.operations[operation](parse_body(body, self.get_request_shape(operation)))
        shape = self._model.operation_model(operation).output_shape
        return dict(select_members(result, shape)) if shape else {}

    def _extract_resource_arn(
        self, extract: Any, service: str, method: str, path: str, headers: Any, body: Any, *rest: Any
    ) -> str:
        if service != self._model.signing_name:
            return str(extract(service, method, path, headers, body, *rest))
        return self.find_resource_arn(headers, body)
