"""Reads a line of SageMaker's data capture: when the model was asked, what it was shown, what it answered.

Format: "Capture data from real-time endpoint" in the SageMaker Developer Guide.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambdas.workflow.inference_id import read_execution
from lambdas.workflow.prediction import MEASUREMENT, read_probabilities


@dataclass(frozen=True, slots=True)
class CapturedLine:
    """One captured invocation.

    Attributes:
        time: Unix seconds.
        inferences: Probabilities in label order.
        picture: The request's body, as captured; None where requests are not captured.
        measurement: Whether the model was asked in order to measure it, not to route a photo.
        execution: Name of the execution that asked; None if it did not say so.
    """

    time: float
    inferences: list[float]
    picture: "CapturedBody | None"
    measurement: bool
    execution: str | None


@dataclass(frozen=True, slots=True)
class CapturedBody:
    """A body as data capture wrote it: text, in base64 unless it is JSON or CSV."""

    data: str
    is_base64: bool

    @property
    def size(self) -> int:
        """Number of bytes of the decoded body, found without decoding it."""
        return len(self.data) // 4 * 3 - self.data[-2:].count("=") if self.is_base64 else len(self.decode())

    def decode(self) -> bytes:
        """Returns the body as it was sent.

        Raises:
            ValueError: The body is no base64.
        """
        if not self.is_base64:
            return self.data.encode(errors="replace")
        try:
            return base64.b64decode(self.data)
        except (binascii.Error, ValueError):
            raise ValueError("a body is no base64") from None


def read_line(line: bytes, classes: Sequence[str]) -> CapturedLine:
    """Reads one line of a captured JSONL object.

    Args:
        line: The line, in UTF-8.
        classes: Names of the classes in label order.

    Raises:
        ValueError: It is no captured answer of a model of these classes.
    """
    try:
        record = json.loads(line)
        captured, metadata = record["captureData"], record["eventMetadata"]
        moment = datetime.fromisoformat(metadata["inferenceTime"])
        answer = _read_body(captured["endpointOutput"])
        request = captured.get("endpointInput")
        picture = None if request is None else _read_body(request)
        inference = metadata.get("inferenceId")
        # What has no zone is UTC, as all that SageMaker writes.
        time = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no line of data capture: {type(error).__name__}") from None
    inferences = read_probabilities(answer.decode(), tuple(classes))
    return CapturedLine(time, inferences, picture, inference == MEASUREMENT, read_execution(inference))


def _read_body(part: dict[str, Any]) -> CapturedBody:
    data = part["data"]
    if not isinstance(data, str):
        raise TypeError("data")
    return CapturedBody(data, part["encoding"] == "BASE64")
