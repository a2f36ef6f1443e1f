"""Describes the model in service: the job that trained it, its epochs, and what its evaluation said."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from console.training_log import parse_history, read_messages
from evaluation.deployment import Deployment, Endpoint, NotDeployed
from lambdas.workflow import places


def describe_model(deployment: Deployment, endpoint: Endpoint) -> dict[str, Any]:
    """Returns name, accuracy on validation, time of training, data set and its pictures, and training job.

    For a model that was given as an artifact, all that only a training job knows is None.
    """
    name = places.read_model_name(endpoint.artifact)
    job = _describe_job(deployment, name)
    if job is None:
        unknown = ("accuracy", "trained", "dataset", "pictures", "training_job")
        return {"name": endpoint.model, **dict.fromkeys(unknown)}
    history = parse_history(read_messages(deployment, name))
    accuracies = {epoch["epoch"]: epoch["validation_accuracy"] for epoch in history["epochs"]}
    return {
        "name": endpoint.model,
        "accuracy": accuracies.get(history["stored_epoch"]),
        "trained": job["TrainingEndTime"].timestamp() if "TrainingEndTime" in job else None,
        "dataset": _read_data_set(job),
        "pictures": int(job["HyperParameters"]["num_training_samples"]),
        "training_job": name,
    }


def find_training_data(deployment: Deployment, endpoint: Endpoint) -> str | None:
    """Returns the id of the data set that the model was trained on; None if no training job here made it."""
    job = _describe_job(deployment, places.read_model_name(endpoint.artifact))
    return None if job is None else _read_data_set(job)


def describe_training(deployment: Deployment) -> dict[str, Any]:
    """Returns the name of the job that trained the model in service, and what ``parse_history`` returns.

    Raises:
        NotDeployed: There is no endpoint, job or log.
    """
    job = places.read_model_name(deployment.find_endpoint().artifact)
    if _describe_job(deployment, job) is None:
        raise NotDeployed("The model in service was given as an artifact: no job here trained it")
    messages = read_messages(deployment, job)
    if not messages:
        raise NotDeployed(f"The log of training job {job} is gone")
    return {"job": job, **parse_history(messages)}


def read_evaluation(deployment: Deployment, endpoint: Endpoint, *splits: str) -> dict[str, Any]:
    """Returns the evaluation report of the model in service on the first of the splits that has one.

    Raises:
        NotDeployed: None has one.
    """
    s3 = deployment.client("s3")
    for split in splits:
        key = places.report_key(endpoint.model, split, "report.json")
        with suppress(s3.exceptions.NoSuchKey):
            return json.load(s3.get_object(Bucket=deployment.bucket, Key=key)["Body"])
    raise NotDeployed("The model in service is not measured yet: run python -m evaluation")


def _read_data_set(job: Mapping[str, Any]) -> str:
    (train,) = (channel for channel in job["InputDataConfig"] if channel["ChannelName"] == "train")
    # The channel's address ends in datasets/ID/train/.
    return train["DataSource"]["S3DataSource"]["S3Uri"].rstrip("/").split("/")[-2]


def _describe_job(deployment: Deployment, name: str) -> Mapping[str, Any] | None:
    try:
        return deployment.client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        return None
