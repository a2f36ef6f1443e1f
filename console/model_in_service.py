"""The endpoint, the model that it serves, the job that trained it, and what its evaluation said."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from console.deployment import Deployment, NotDeployed, parameter
from console.training_history import log_messages, training_history

Missing = dict[str, str]


@dataclass(frozen=True)
class InService:
    """What the endpoint serves.

    Attributes:
        endpoint: Name, status, instance type and time of the last update, as the page shows them.
        model: The model's name in SageMaker.
        trained_by: Name of the training job of the artifact, or of the folder that stands for one.
        captures: Whether data capture writes down what the endpoint answers.
    """

    endpoint: dict[str, Any]
    model: str
    trained_by: str
    captures: bool


def in_service(deployment: Deployment) -> InService | Missing:
    """Returns what is in service, or what to do about that nothing is."""
    session = deployment.session
    sagemaker = session.client("sagemaker")
    try:
        name = parameter(session, deployment.name, "endpoint")
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
    except NotDeployed as error:
        return {"missing": str(error)}
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return {"missing": f"There is no endpoint {deployment.name}: run make deploy, or make demo here"}
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    variant = config["ProductionVariants"][0]
    model = variant["ModelName"]
    artifact = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    return InService(
        endpoint={
            "name": name,
            "status": endpoint["EndpointStatus"],
            "model": model,
            "instance_type": variant.get("InstanceType", "serverless"),
            "updated": endpoint["LastModifiedTime"].timestamp(),
        },
        model=model,
        # SageMaker puts a job's artifact under OUTPUT-PATH/JOB/output/model.tar.gz.
        trained_by=artifact.split("/")[-3],
        captures=config.get("DataCaptureConfig", {}).get("EnableCapture", False),
    )


def trained_model(deployment: Deployment, served: InService) -> dict[str, Any]:
    """Returns name, accuracy on validation, time of training, data set and its pictures, and training job.

    What only a training job knows is None for a model that was given as an artifact.
    """
    model: dict[str, Any] = {
        "name": served.model,
        "accuracy": None,
        "trained": None,
        "dataset": None,
        "pictures": None,
        "training_job": None,
    }
    job = _job(deployment, served.trained_by)
    if job is None:
        return model
    history = training_history(log_messages(deployment.session.client("logs"), served.trained_by))
    stored = {epoch["epoch"]: epoch for epoch in history["epochs"]}.get(history["stored_epoch"], {})
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job["InputDataConfig"]
    }
    return model | {
        "accuracy": stored.get("validation_accuracy"),
        "trained": job["TrainingEndTime"].timestamp() if "TrainingEndTime" in job else None,
        "dataset": channels["train"].rstrip("/").split("/")[-2],
        "pictures": int(job["HyperParameters"]["num_training_samples"]),
        "training_job": served.trained_by,
    }


def training(deployment: Deployment) -> dict[str, Any]:
    """Returns the name of the job that trained the model in service, and its `training_history`."""
    served = in_service(deployment)
    if not isinstance(served, InService):
        return served
    if _job(deployment, served.trained_by) is None:
        return {"missing": "The model in service was given as an artifact: no job here trained it"}
    messages = log_messages(deployment.session.client("logs"), served.trained_by)
    if not messages:
        return {"missing": f"The log of training job {served.trained_by} is gone"}
    return {"job": served.trained_by, **training_history(messages)}


def evaluation(deployment: Deployment, served: InService | Missing, *splits: str) -> dict[str, Any]:
    """Returns evaluation's report of the model in service, of the first of the splits that has one."""
    if not isinstance(served, InService):
        return served
    s3 = deployment.session.client("s3")
    for split in splits:
        key = f"reports/{served.model}/{split}/report.json"
        with suppress(s3.exceptions.NoSuchKey):
            return json.load(s3.get_object(Bucket=deployment.bucket, Key=key)["Body"])
    return {"missing": "The model in service is not measured yet: run python -m evaluation"}


def _job(deployment: Deployment, name: str) -> Mapping[str, Any] | None:
    try:
        return deployment.session.client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        return None
