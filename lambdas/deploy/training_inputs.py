"""What a training job is made of: read from the custom resource's properties and the data set's manifest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class TrainingInputs:
    """All that a training job depends on; CloudFormation sends every property as a string.

    Attributes:
        name: Name of the deployment, the job's prefix.
        bucket: Bucket of the data and of the model.
        dataset: Id of the staged data set.
        classes: Class names in label order.
        hyperparameters: Those that were set, without the two that follow from the data.
        image: Address of the algorithm's container.
        role_arn: Role that the job runs in.
        instance_type: Instance type of the training, such as ``ml.g4dn.xlarge``.
        instance_count: Number of instances.
        spot: Whether to use spare capacity.
        max_seconds: Longest training.
        max_wait_seconds: Longest training and wait for spare capacity together.
    """

    name: str
    bucket: str
    dataset: str
    classes: tuple[str, ...]
    hyperparameters: dict[str, str]
    image: str
    role_arn: str
    instance_type: str
    instance_count: int
    spot: bool
    max_seconds: int
    max_wait_seconds: int

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> "TrainingInputs":
        """Reads the properties of the custom resource, as stacks/training.py writes them."""
        return cls(
            name=properties["Name"],
            bucket=properties["Bucket"],
            dataset=properties["Dataset"],
            classes=tuple(properties["Classes"]),
            hyperparameters=json.loads(properties["Hyperparameters"]),
            image=properties["Image"],
            role_arn=properties["RoleArn"],
            instance_type=properties["InstanceType"],
            instance_count=int(properties["InstanceCount"]),
            spot=properties["Mode"] == "spot",
            max_seconds=int(properties["MaxSeconds"]),
            max_wait_seconds=int(properties["MaxWaitSeconds"]),
        )

    @property
    def job_name(self) -> str:
        """The name ``{name}-{digest of what shapes the model}``."""
        shaping = [
            self.bucket,
            self.dataset,
            self.classes,
            self.hyperparameters,
            self.image,
            self.instance_type,
            self.instance_count,
            self.max_seconds,
        ]
        digest = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]
        return f"{self.name}-{digest}"

    def job_request(self, job: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the arguments of CreateTrainingJob."""
        stopping = {"MaxRuntimeInSeconds": self.max_seconds}
        if self.spot:
            stopping["MaxWaitTimeInSeconds"] = self.max_wait_seconds
        return {
            "TrainingJobName": job,
            "HyperParameters": {
                **self.hyperparameters,
                "num_classes": str(len(self.classes)),
                "num_training_samples": str(manifest["splits"]["train"]["count"]),
            },
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "RoleArn": self.role_arn,
            "InputDataConfig": [
                _channel(channel, places.s3_uri(self.bucket, places.data_set_key(self.dataset, path)))
                for channel, path in CHANNELS.items()
            ],
            "OutputDataConfig": {"S3OutputPath": places.s3_uri(self.bucket, places.MODELS)},
            "ResourceConfig": {
                "InstanceType": self.instance_type,
                "InstanceCount": self.instance_count,
                "VolumeSizeInGB": VOLUME_GB,
            },
            "StoppingCondition": stopping,
            "EnableManagedSpotTraining": self.spot,
            "Tags": [{"Key": "project", "Value": self.name}],
        }


def _channel(name: str, uri: str) -> dict[str, Any]:
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
