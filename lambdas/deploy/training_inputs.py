"""What a training job is made of: its name, its request and what it needs, by the resource's properties.

The properties are those that ``stacks/training.py`` writes; CloudFormation sends each as a string.
"""

import json
from collections.abc import Mapping
from typing import Any

from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.jobs import make_digest
from lambdas.workflow import places

CHANNELS = {
    "train": "train/",
    "validation": "validation/",
    "train_lst": "train.lst",
    "validation_lst": "validation.lst",
}
"""The algorithm's channels, and where in the data set each finds its files."""
VOLUME_GB = 30
DEFAULT_BATCH_SIZE = 32
"""The algorithm's own ``mini_batch_size``."""


def list_facts(properties: Mapping[str, Any]) -> list[Any]:
    """Returns all that shapes the model."""
    return [
        properties["Bucket"],
        properties["Dataset"],
        properties["Classes"],
        json.loads(properties["Hyperparameters"]),
        properties["Image"],
        properties["InstanceType"],
        int(properties["InstanceCount"]),
        int(properties["MaxSeconds"]),
    ]


def name_job(properties: Mapping[str, Any]) -> str:
    """Returns the job's name, with a digest of what shapes the model."""
    return places.job_name(properties["Name"], make_digest(list_facts(properties)))


def check_batch_size(properties: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Refuses a data set too small for a batch, on which the algorithm fails once its instance is paid for.

    Raises:
        ModelRefused: A split that is trained on or validated with has fewer pictures than a batch.
    """
    batch_size = int(json.loads(properties["Hyperparameters"]).get("mini_batch_size", DEFAULT_BATCH_SIZE))
    counts = {split: manifest["splits"][split]["count"] for split in ("validation", "train")}
    split = min(counts, key=counts.__getitem__)
    if counts[split] < batch_size:
        raise ModelRefused(
            f"The {split} split of data set {properties['Dataset']} has {counts[split]} pictures, and "
            f"mini_batch_size is {batch_size}: the algorithm takes no split smaller than a batch. Set the "
            f"hyperparameter mini_batch_size to {counts[split]} or less, or stage more pictures"
        )


def build_job_request(properties: Mapping[str, Any], job: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of CreateTrainingJob.

    Args:
        properties: Properties of the custom resource.
        job: Name of the job.
        manifest: Manifest of the data set.
    """
    bucket, dataset = properties["Bucket"], properties["Dataset"]
    spot = properties["Mode"] == "spot"
    stopping = {"MaxRuntimeInSeconds": int(properties["MaxSeconds"])}
    if spot:
        stopping["MaxWaitTimeInSeconds"] = int(properties["MaxTrainingWaitSeconds"])
    return {
        "TrainingJobName": job,
        "HyperParameters": {
            **json.loads(properties["Hyperparameters"]),
            "num_classes": str(len(properties["Classes"])),
            "num_training_samples": str(manifest["splits"]["train"]["count"]),
        },
        "AlgorithmSpecification": {"TrainingImage": properties["Image"], "TrainingInputMode": "File"},
        "RoleArn": properties["RoleArn"],
        "InputDataConfig": [
            _build_channel(channel, places.s3_uri(bucket, places.data_set_key(dataset, path)))
            for channel, path in CHANNELS.items()
        ],
        "OutputDataConfig": {"S3OutputPath": places.s3_uri(bucket, places.MODELS)},
        "ResourceConfig": {
            "InstanceType": properties["InstanceType"],
            "InstanceCount": int(properties["InstanceCount"]),
            "VolumeSizeInGB": VOLUME_GB,
        },
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": spot,
        "Tags": [{"Key": "project", "Value": properties["Name"]}],
    }


def _build_channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "ContentType": "application/x-image",
        "CompressionType": "None",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
