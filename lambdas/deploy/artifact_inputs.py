"""What the evaluation of a given model artifact is made of, by the properties of the custom resource.

The properties are those that ``stacks/artifact.py`` writes; CloudFormation sends each as a string.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lambdas.workflow import places


def name_model(properties: Mapping[str, Any], etag: str) -> str:
    """Returns the model's name in the bucket, with a digest of the artifact alone.

    The data set is no part of it: it changes the evaluation, not what the endpoint serves.

    Args:
        properties: Properties of the custom resource.
        etag: The artifact's ETag, which changes with its content.
    """
    source = places.s3_uri(properties["ArtifactBucket"], properties["ArtifactKey"])
    return f"{properties['Name']}-artifact-{_digest(source, etag)}"


def name_job(properties: Mapping[str, Any], model: str) -> str:
    """Returns ``{name}-evaluation-{digest of what shapes the answers}``."""
    bucket, dataset = properties["Bucket"], properties["Dataset"]
    digest = _digest(bucket, model, dataset, properties["Image"], properties["InstanceType"])
    return f"{properties['Name']}-evaluation-{digest}"


def build_model_request(properties: Mapping[str, Any], job: str, model: str) -> dict[str, Any]:
    """Returns the arguments of CreateModel, for a model that bears the name of the one job it is for."""
    return {
        "ModelName": job,
        "ExecutionRoleArn": properties["RoleArn"],
        "PrimaryContainer": {
            "Image": properties["Image"],
            "ModelDataUrl": places.s3_uri(properties["Bucket"], places.model_key(model)),
        },
        "Tags": [{"Key": "project", "Value": properties["Name"]}],
    }


def build_job_request(properties: Mapping[str, Any], job: str) -> dict[str, Any]:
    """Returns the arguments of CreateTransformJob: one picture a request, one answer an object."""
    pictures = places.data_set_key(properties["Dataset"], "validation/")
    return {
        "TransformJobName": job,
        "ModelName": job,
        "BatchStrategy": "SingleRecord",
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": places.s3_uri(properties["Bucket"], pictures),
                }
            },
            "ContentType": "application/x-image",
            "CompressionType": "None",
            "SplitType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": places.s3_uri(properties["Bucket"], places.answers_prefix(job)),
            "Accept": "application/json",
            "AssembleWith": "None",
        },
        "TransformResources": {"InstanceType": properties["InstanceType"], "InstanceCount": 1},
        "Tags": [{"Key": "project", "Value": properties["Name"]}],
    }


def _digest(*facts: str) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
