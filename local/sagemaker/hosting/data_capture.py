"""Writes an endpoint's traffic to S3 as AWS's data capture does, beside the requests and not in their way.

Format and path are those of real captures: one JSON line an invocation, in
``DESTINATION/ENDPOINT/VARIANT/YYYY/MM/DD/HH/MM-SS-mmm-UUID.jsonl`` (UTC).
"""

import base64
import json
import logging
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import make_client
from local.sagemaker.containers import s3_data
from local.sagemaker.containers.outbox import Outbox
from local.sagemaker.records import Record

SECONDS_IN_BUFFER = 2.0  # AWS buffers for about a minute; nobody wants to wait for that here
_CAPTURE_VERSION = "0"

_logger = logging.getLogger("sagemaker.capture")


@dataclass(frozen=True)
class Exchange:
    """One answered invocation.

    Attributes:
        request: Body of the request.
        request_type: Its content type.
        response: Body of the container's answer.
        response_type: Its content type.
        inference_id: The caller's id of the inference, if there is one.
    """

    request: bytes
    request_type: str
    response: bytes
    response_type: str
    inference_id: str | None


class Capture:
    """Writes the exchanges of one deployed variant."""

    def __init__(self, config: Record, endpoint_name: str, variant_name: str, role_arn: str) -> None:
        """Takes an endpoint configuration's settings, which may say that nothing is captured."""
        settings = config.get("DataCaptureConfig", {})
        modes = {option["CaptureMode"] for option in settings.get("CaptureOptions", [])}
        self._input = bool(modes & {"Input", "InputAndOutput"})
        self._output = bool(modes & {"Output", "InputAndOutput"})
        headers = settings.get("CaptureContentTypeHeader", {})
        self._json_types = {kind.lower() for kind in headers.get("JsonContentTypes", [])}
        self._csv_types = {kind.lower() for kind in headers.get("CsvContentTypes", [])}
        self._share = settings["InitialSamplingPercentage"] / 100 if settings.get("EnableCapture") else 0.0
        self._folder = f"{settings.get('DestinationS3Uri', '').rstrip('/')}/{endpoint_name}/{variant_name}"
        self._role_arn = role_arn
        self._outbox: Outbox[tuple[datetime, str]] | None = (
            Outbox("sagemaker-capture", self._write, seconds=SECONDS_IN_BUFFER) if self._share else None
        )

    def add(self, exchange: Exchange) -> None:
        """Takes one exchange, or leaves it out by the sampling percentage; never waits."""
        if self._outbox is None or random.random() >= self._share:
            return
        moment = datetime.now(UTC)
        line = json.dumps(self._build_line(exchange, moment), separators=(",", ":"))
        self._outbox.put((moment, line))

    def close(self) -> None:
        """Returns when all exchanges are written."""
        if self._outbox is not None:
            self._outbox.close()

    def _build_line(self, exchange: Exchange, moment: datetime) -> dict[str, Any]:
        data = {}
        if self._input:
            data["endpointInput"] = self._encode_part("INPUT", exchange.request, exchange.request_type)
        if self._output:
            data["endpointOutput"] = self._encode_part("OUTPUT", exchange.response, exchange.response_type)
        metadata = {"eventId": str(uuid.uuid4())}
        if exchange.inference_id is not None:
            metadata["inferenceId"] = exchange.inference_id
        metadata["inferenceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"captureData": data, "eventMetadata": metadata, "eventVersion": _CAPTURE_VERSION}

    def _encode_part(self, mode: str, body: bytes, content_type: str) -> dict[str, str]:
        kind = content_type.partition(";")[0].strip().lower()
        encoding = "JSON" if kind in self._json_types else "CSV" if kind in self._csv_types else "BASE64"
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}

    def _write(self, batches: Iterator[list[tuple[datetime, str]]]) -> None:
        for lines in batches:
            hours: dict[str, list[tuple[datetime, str]]] = {}
            for moment, line in lines:
                hours.setdefault(moment.strftime("%Y/%m/%d/%H"), []).append((moment, line))
            for hour, its_lines in hours.items():
                first = its_lines[0][0]
                name = f"{first:%M-%S}-{first.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
                self._put(f"{self._folder}/{hour}/{name}", "".join(f"{line}\n" for _, line in its_lines))

    def _put(self, uri: str, content: str) -> None:
        bucket, key = s3_data.split_uri(uri)
        try:
            make_client("s3", self._role_arn).put_object(Bucket=bucket, Key=key, Body=content.encode())
        except (BotoCoreError, ClientError) as error:
            _logger.warning("captured traffic is lost, %s cannot be written: %s", uri, error)
