"""An account that answers boto3's clients as a test says, within the shapes of AWS's API."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import OperationModel, StructureShape
from botocore.validate import ParamValidator

from evaluation.deployment import Deployment

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Refusal(Exception):
    """An error that the account answers with; its message is the error's code."""


class Account:
    """Answers the operations that it has an answer to; any other fails the test."""

    def __init__(self, service: str, **answers: Answer) -> None:
        """Lets a deployment's client of a service ask the functions that are named by operations."""
        self.deployment = Deployment("scones")
        self.client = self.deployment.client(service)
        self._answers = answers
        self.client.meta.events.register("before-call", self._answer)

    def _answer(self, model: OperationModel, params: Mapping[str, Any], **_: Any) -> tuple[Any, Any]:
        request = json.loads(params["body"])
        try:
            answer = self._answers[model.name](request)
        except Refusal as refusal:
            return _Status(400), {"Error": {"Code": str(refusal), "Message": "refused"}}
        assert isinstance(model.output_shape, StructureShape)
        for name, value in answer.items():
            found = ParamValidator().validate(value, model.output_shape.members[name])
            assert not found.has_errors(), found.generate_report()
        return _Status(200), answer


class _Status:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code
