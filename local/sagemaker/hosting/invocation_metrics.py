"""Counts an endpoint's invocations in CloudWatch's AWS/SageMaker namespace, as SageMaker does.

Names, units and dimensions: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import make_client
from local.sagemaker.containers.outbox import Outbox

_NAMESPACE = "AWS/SageMaker"
SECONDS_BETWEEN_WRITES = 5.0
_LARGEST_BATCH = 150  # values of one metric that CloudWatch takes at once

_logger = logging.getLogger("sagemaker.metrics")


class InvocationMetrics:
    """The metrics of one variant."""

    def __init__(self, endpoint_name: str, variant_name: str) -> None:
        """Starts to write, every few seconds."""
        self._dimensions = [
            {"Name": "EndpointName", "Value": endpoint_name},
            {"Name": "VariantName", "Value": variant_name},
        ]
        self._outbox: Outbox[tuple[float, int]] = Outbox(
            "sagemaker-metrics", self._write, seconds=SECONDS_BETWEEN_WRITES, largest=_LARGEST_BATCH
        )

    def add(self, model_seconds: float, status: int) -> None:
        """Takes one invocation: how long the container took, and its HTTP status (0 if it gave none)."""
        self._outbox.put((model_seconds, status))

    def close(self) -> None:
        """Returns when all invocations are counted."""
        self._outbox.close()

    def _write(self, batches: Iterator[list[tuple[float, int]]]) -> None:
        for taken in batches:
            try:
                make_client("cloudwatch").put_metric_data(
                    Namespace=_NAMESPACE, MetricData=self._build_data(taken)
                )
            except (BotoCoreError, ClientError) as error:
                _logger.warning("metrics of %d invocations are lost: %s", len(taken), error)

    def _build_data(self, taken: list[tuple[float, int]]) -> list[dict[str, Any]]:
        series = {
            "Invocations": ("None", [1.0] * len(taken)),
            "ModelLatency": ("Microseconds", [round(seconds * 1e6) for seconds, _ in taken]),
            "Invocation4XXErrors": ("None", [float(400 <= status < 500) for _, status in taken]),
            "Invocation5XXErrors": ("None", [float(status >= 500 or status == 0) for _, status in taken]),
            "InvocationModelErrors": ("None", [float(not 200 <= status < 300) for _, status in taken]),
        }
        moment = datetime.now(UTC)
        return [
            {
                "MetricName": name,
                "Dimensions": self._dimensions,
                "Timestamp": moment,
                "Values": values,
                "Unit": unit,
            }
            for name, (unit, values) in series.items()
        ]
