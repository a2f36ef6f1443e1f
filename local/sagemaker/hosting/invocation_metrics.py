"""Counts an endpoint's invocations in CloudWatch's AWS/SageMaker namespace, as SageMaker does.

Names, units and dimensions: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import make_client
from local.sagemaker.containers.outbox import Outbox

_NAMESPACE = "AWS/SageMaker"
SECONDS_BETWEEN_WRITES = 5.0
_LARGEST_BATCH = 150  # values of one metric that CloudWatch takes at once

_logger = logging.getLogger("sagemaker.metrics")


@dataclass(frozen=True)
class Invocation:
    """One invocation, as it is counted.

    Attributes:
        model_seconds: How long the container took.
        overhead_seconds: How long everything else had taken by then.
        status: The container's HTTP status, 0 if it gave none.
        instances: How many instances the variant had; None where it is serverless.
    """

    model_seconds: float
    overhead_seconds: float
    status: int
    instances: int | None


class InvocationMetrics:
    """The metrics of one variant, once for it and once more for its endpoint configuration alone.

    Attributes:
        instances: How many instances the variant has; None where it is serverless.
    """

    def __init__(
        self, endpoint_name: str, variant_name: str, config_name: str, instances: int | None
    ) -> None:
        """Starts to write, every few seconds."""
        variant = [
            {"Name": "EndpointName", "Value": endpoint_name},
            {"Name": "VariantName", "Value": variant_name},
        ]
        # By the second set an alarm tells the fleets of an update apart.
        self._dimension_sets = [variant, [*variant, {"Name": "EndpointConfigName", "Value": config_name}]]
        self.instances = instances
        self._outbox: Outbox[Invocation] = Outbox(
            "sagemaker-metrics", self._write, seconds=SECONDS_BETWEEN_WRITES, largest=_LARGEST_BATCH
        )

    def add(self, model_seconds: float, overhead_seconds: float, status: int) -> None:
        """Takes one invocation; see ``Invocation``."""
        self._outbox.put(Invocation(model_seconds, overhead_seconds, status, self.instances))

    def close(self) -> None:
        """Returns when all invocations are counted."""
        self._outbox.close()

    def _write(self, batches: Iterator[list[Invocation]]) -> None:
        for taken in batches:
            try:
                make_client("cloudwatch").put_metric_data(
                    Namespace=_NAMESPACE, MetricData=self._build_data(taken)
                )
            except (BotoCoreError, ClientError) as error:
                _logger.warning("metrics of %d invocations are lost: %s", len(taken), error)

    def _build_data(self, taken: list[Invocation]) -> list[dict[str, Any]]:
        statuses = [one.status for one in taken]
        series = {
            "Invocations": ("None", [1.0] * len(taken)),
            "InvocationsPerInstance": ("None", [1 / one.instances for one in taken if one.instances]),
            "ModelLatency": ("Microseconds", [round(one.model_seconds * 1e6) for one in taken]),
            "OverheadLatency": ("Microseconds", [round(one.overhead_seconds * 1e6) for one in taken]),
            "Invocation4XXErrors": ("None", [float(400 <= status < 500) for status in statuses]),
            "Invocation5XXErrors": ("None", [float(status >= 500 or status == 0) for status in statuses]),
            "InvocationModelErrors": ("None", [float(not 200 <= status < 300) for status in statuses]),
        }
        moment = datetime.now(UTC)
        return [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": moment,
                "Values": values,
                "Unit": unit,
            }
            for name, (unit, values) in series.items()
            for dimensions in self._dimension_sets
            if values
        ]
