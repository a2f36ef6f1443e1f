"""What a training job is made of: its name and its request, by the properties of the custom resource.

The properties are those that ``stacks/training.py`` writes; CloudFormation sends each as a string.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lambdas.workflow import places

CHANNELS = {
    "train": "train/",
    "validation": "validation/",
    "train_lst": "train.lst",
    "validation_lst": "validation.lst",
}
"""The algorithm's channels, and where in the data set each finds its files."""
VOLUME_GB = 30


def name_job(properties: Mapping[str, Any]) -> str:
    """Returns ``{name}-{digest of what shapes the model}``."""
    shaping = [
        properties["Bucket"],
        properties["Dataset"],
        properties["Classes"],
        json.loads(properties["Hyperparameters"]),
        properties["Image"],
        properties["InstanceType"],
        int(properties["InstanceCount"]),
        int(properties["MaxSeconds"]),
    ]
    digest = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]
    return f"{properties['Name']}-{digest}"


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
        stopping["MaxWaitTimeInSeconds"] = int(properties["MaxWaitSeconds"])
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
