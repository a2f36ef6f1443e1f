"""Registers models as versions of the deployment's model, and deletes them all."""

from collections.abc import Mapping
from typing import Any

from lambdas.deploy.models.versions import list_packages
from lambdas.workflow import places


def register(
    sagemaker: Any,
    properties: Mapping[str, Any],
    *,
    model: str,
    accuracy: float,
    job: str,
) -> None:
    """Registers a model that has passed; one that is registered takes over what this evaluation found.

    Args:
        sagemaker: Client of SageMaker.
        properties: Properties of the model's resource.
        model: Name of the model.
        accuracy: Its accuracy on the validation split.
        job: Name of the transform job.
    """
    name = properties["Name"]
    facts = {
        "model": model,
        "accuracy": str(accuracy),
        "dataset": properties["Dataset"],
        # The names themselves may be longer than a property, and hold other characters.
        "classes": places.name_variant(properties["Classes"]),
        "job": job,
    }
    for package in list_packages(sagemaker, name):
        if package["ModelPackageDescription"] == model:
            arn = package["ModelPackageArn"]
            known = sagemaker.describe_model_package(ModelPackageName=arn)
            if known["CustomerMetadataProperties"] != facts:
                sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties=facts)
            return
    artifact = places.s3_uri(properties["Bucket"], places.model_key(model))
    sagemaker.create_model_package(
        ModelPackageGroupName=name,
        ModelPackageDescription=model,
        InferenceSpecification={
            "Containers": [{"Image": properties["Image"], "ModelDataUrl": artifact}],
            "SupportedContentTypes": ["application/x-image"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties=facts,
    )


def delete_all(sagemaker: Any, name: str) -> None:
    """Deletes the versions of a deployment's model; the artifacts stay."""
    for package in list_packages(sagemaker, name):
        sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
