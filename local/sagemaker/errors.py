"""Errors as SageMaker sends them."""

import json
from typing import Any


class ApiError(Exception):
    """An error reply.

    Attributes:
        code: The error's name on the wire, such as ``ResourceInUse``.
        message: AWS's message.
        status: The HTTP status.
        details: More members of the reply's body.
    """

    def __init__(self, code: str, message: str, status: int = 400, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details

    def reply(self, content_type: str) -> tuple[int, dict[str, str], bytes]:
        """Returns status, headers and body for the server."""
        body = {"__type": self.code, "message": self.message, **self.details}
        return (
            self.status,
            {"Content-Type": content_type, "x-amzn-errortype": self.code},
            json.dumps(body).encode(),
        )


class ValidationException(ApiError):
    """The error that SageMaker's control plane raises most."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)
