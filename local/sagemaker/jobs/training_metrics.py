"""Reads a training job's metrics from its log, for its description and for CloudWatch, as SageMaker does.

Names: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-tuning.html. CloudWatch has every value, under the
job's name; the SageMaker SDK's ``training_job_analytics`` reads them there.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import make_client
from local.sagemaker.containers.outbox import Outbox
from local.sagemaker.records import LOCK, Record, now

#: MetricDefinitions of the built-in image classification, which a request cannot replace.
DEFINITIONS = [
    {"Name": "train:accuracy", "Regex": r"Train-accuracy=([0-9.]+)"},
    {"Name": "validation:accuracy", "Regex": r"Validation-accuracy=([0-9.]+)"},
]
_NAMESPACE = "/aws/sagemaker/TrainingJobs"
_SECONDS_BETWEEN_WRITES = 2.0
_LARGEST_BATCH = 1000  # values that CloudWatch takes at once

_logger = logging.getLogger("sagemaker.metrics")


class TrainingMetrics:
    """The metrics of one training job."""

    def __init__(self, record: Record) -> None:
        """Starts to write, as the job's role, whenever there are new values."""
        self._record = record
        self._latest: dict[str, Record] = {}
        self._outbox: Outbox[Record] = Outbox(
            "sagemaker-metrics", self._write, seconds=_SECONDS_BETWEEN_WRITES, largest=_LARGEST_BATCH
        )

    def read_line(self, line: str) -> None:
        """Takes a line of the log; most have no metric."""
        for definition in DEFINITIONS:
            for value in re.findall(definition["Regex"], line):
                metric = {"MetricName": definition["Name"], "Value": float(value), "Timestamp": now()}
                self._latest[definition["Name"]] = metric
                self._outbox.put(metric)
                with LOCK:
                    self._record["FinalMetricDataList"] = list(self._latest.values())

    def close(self) -> None:
        """Returns when all values are written."""
        self._outbox.close()

    def _write(self, batches: Iterator[list[Record]]) -> None:
        dimensions = [{"Name": "TrainingJobName", "Value": self._record["TrainingJobName"]}]
        for batch in batches:
            data: list[dict[str, Any]] = [{**metric, "Dimensions": dimensions} for metric in batch]
            try:
                make_client("cloudwatch", self._record["RoleArn"]).put_metric_data(
                    Namespace=_NAMESPACE, MetricData=data
                )
            except (BotoCoreError, ClientError) as error:
                _logger.warning("%d metrics of %s are lost: %s", len(batch), dimensions[0]["Value"], error)
