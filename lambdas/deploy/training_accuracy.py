"""The validation accuracy that a training job tells of its model."""

import re
from collections.abc import Mapping
from typing import Any

import boto3

from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.jobs import TRAINING_JOBS

BEST_MODEL = re.compile(r"Storing the best model with validation accuracy: (\d+(?:\.\d+)?)")
METRIC = "validation:accuracy"
logs = boto3.client("logs")


def read_accuracy(description: Mapping[str, Any]) -> float:
    """Returns the validation accuracy of the model that a completed job stored.

    The algorithm keeps the best epoch's model and says so in its log, while its metric has the last epoch's
    accuracy. With ``checkpoint_frequency`` set the log says nothing, and the last epoch's model is the one
    that serves, so that the metric is right.

    Args:
        description: The answer of DescribeTrainingJob.

    Raises:
        ModelRefused: Neither the log nor the metric has an accuracy.
    """
    job = description["TrainingJobName"]
    if logged := _read_logged_accuracies(job):
        return logged[-1]
    for metric in description.get("FinalMetricDataList", []):
        if metric["MetricName"] == METRIC:
            return float(metric["Value"])
    raise ModelRefused(f"Training job {job} tells no validation accuracy ({TRAINING_JOBS.locate_log(job)})")


def _read_logged_accuracies(job: str) -> list[float]:
    """Returns the accuracy of each model that the job stored, oldest first."""
    try:
        streams = logs.describe_log_streams(
            logGroupName=TRAINING_JOBS.log_group, logStreamNamePrefix=f"{job}/"
        )
    except logs.exceptions.ResourceNotFoundException:
        return []
    names = [stream["logStreamName"] for stream in streams["logStreams"]]
    if not names:
        return []
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=TRAINING_JOBS.log_group,
        logStreamNames=names,
        filterPattern='"Storing the best model with validation accuracy"',
    )
    events = sorted(
        (event for page in pages for event in page["events"]), key=lambda event: event["timestamp"]
    )
    return [float(match[1]) for event in events if (match := BEST_MODEL.search(event["message"]))]
