"""How good a trained model is by the training job's own account."""

import re
from collections.abc import Mapping
from typing import Any

import boto3

from lambdas.deploy.model_refused import ModelRefused

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
BEST_MODEL = re.compile(r"Storing the best model with validation accuracy: (\d+(?:\.\d+)?)")
METRIC = "validation:accuracy"
logs = boto3.client("logs")


def accuracy_of(description: Mapping[str, Any]) -> float:
    """Returns the validation accuracy of the model that a completed job stored.

    The algorithm keeps the best epoch's model and says so in its log; its metric tells the last epoch's
    accuracy. With checkpoint_frequency set only the metric tells: the last epoch's model is stored beside
    the earlier ones, and it is the one that serves.

    Args:
        description: What DescribeTrainingJob gave.

    Raises:
        ModelRefused: Neither log nor metric tells.
    """
    job = description["TrainingJobName"]
    if told := _stored_models(job):
        return told[-1]
    for metric in description.get("FinalMetricDataList", []):
        if metric["MetricName"] == METRIC:
            return float(metric["Value"])
    raise ModelRefused(f"Training job {job} tells no validation accuracy ({log_of(job)})")


def log_of(job: str) -> str:
    """Says where the log of a job is."""
    return f"log group {LOG_GROUP}, stream {job}/"


def _stored_models(job: str) -> list[float]:
    """Returns the accuracies of the models that the job stored, in the order of time."""
    try:
        streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")[
            "logStreams"
        ]
    except logs.exceptions.ResourceNotFoundException:
        return []
    if not streams:
        return []
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP,
        logStreamNames=[stream["logStreamName"] for stream in streams],
        filterPattern='"Storing the best model with validation accuracy"',
    )
    events = sorted(
        (event for page in pages for event in page["events"]), key=lambda event: event["timestamp"]
    )
    return [float(match[1]) for event in events if (match := BEST_MODEL.search(event["message"]))]
