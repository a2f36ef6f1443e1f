"""What serving a given model artifact is made of: read from the custom resource's properties."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.workflow import places


@dataclass(frozen=True)
class ArtifactInputs:
    """All that the evaluation of an artifact depends on; CloudFormation sends every property as a string.

    Attributes:
        name: Name of the deployment, prefix of all names.
        bucket: Bucket of the data, and of the model once it is copied.
        dataset: Id of the staged data set.
        classes: Class names in label order.
        source_bucket: Bucket that the artifact comes from.
        source_key: Key of the artifact in that bucket.
        image: Address of the algorithm's container.
        role_arn: Role that the container runs in.
        instance_type: Instance type of the evaluation, such as ``ml.m5.large``.
        accuracy_gate: Least validation accuracy.
    """

    name: str
    bucket: str
    dataset: str
    classes: tuple[str, ...]
    source_bucket: str
    source_key: str
    image: str
    role_arn: str
    instance_type: str
    accuracy_gate: float

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> "ArtifactInputs":
        """Reads the properties of the custom resource, as stacks/artifact.py writes them."""
        return cls(
            name=properties["Name"],
            bucket=properties["Bucket"],
            dataset=properties["Dataset"],
            classes=tuple(properties["Classes"]),
            source_bucket=properties["ArtifactBucket"],
            source_key=properties["ArtifactKey"],
            image=properties["Image"],
            role_arn=properties["RoleArn"],
            instance_type=properties["InstanceType"],
            accuracy_gate=float(properties["AccuracyGate"]),
        )

    @property
    def source(self) -> str:
        """The artifact's S3 URI."""
        return places.s3_uri(self.source_bucket, self.source_key)

    def model_name(self, etag: str) -> str:
        """Returns the model's name in the bucket: a digest of the artifact alone.

        The data set is no part of it: it changes the evaluation, not what the endpoint serves.

        Args:
            etag: The artifact's ETag, which changes with its content.
        """
        return f"{self.name}-artifact-{_digest(self.source, etag)}"

    def job_name(self, model: str) -> str:
        """Returns ``{name}-evaluation-{digest of what shapes the answers}``."""
        digest = _digest(self.bucket, model, self.dataset, self.image, self.instance_type)
        return f"{self.name}-evaluation-{digest}"

    def model_request(self, job: str, model: str) -> dict[str, Any]:
        """Returns the arguments of CreateModel, for a model that bears the name of the one job it is for."""
        return {
            "ModelName": job,
            "ExecutionRoleArn": self.role_arn,
            "PrimaryContainer": {"Image": self.image, "ModelDataUrl": self.model_data_url(model)},
            "Tags": self._tags(),
        }

    def job_request(self, job: str) -> dict[str, Any]:
        """Returns the arguments of CreateTransformJob: one picture a request, one answer an object."""
        return {
            "TransformJobName": job,
            "ModelName": job,
            "BatchStrategy": "SingleRecord",
            "TransformInput": {
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": places.s3_uri(self.bucket, places.data_set_key(self.dataset, "validation/")),
                    }
                },
                "ContentType": "application/x-image",
                "CompressionType": "None",
                "SplitType": "None",
            },
            "TransformOutput": {
                "S3OutputPath": places.s3_uri(self.bucket, places.answers_prefix(job)),
                "Accept": "application/json",
                "AssembleWith": "None",
            },
            "TransformResources": {"InstanceType": self.instance_type, "InstanceCount": 1},
            "Tags": self._tags(),
        }

    def model_data_url(self, model: str) -> str:
        """Returns the S3 URI of the model in the deployment's bucket."""
        return places.s3_uri(self.bucket, places.model_key(model))

    def _tags(self) -> list[dict[str, str]]:
        return [{"Key": "project", "Value": self.name}]


def _digest(*facts: str) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
