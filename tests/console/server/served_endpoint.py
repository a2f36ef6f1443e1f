"""An endpoint in moto's AWS, as the app deploys one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

MODEL = "scones-endpoint-Model-1"
ROLE = "arn:aws:iam::123456789012:role/scones"
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


@contextmanager
def serving(trained_by: str, **config: Any) -> Iterator[None]:
    """An endpoint for a model in the folder of that name, while it lasts.

    Args:
        trained_by: The folder.
        config: What else its configuration says.
    """
    sagemaker, ssm = boto3.client("sagemaker"), boto3.client("ssm")
    artifact = f"s3://bucket/models/{trained_by}/output/model.tar.gz"
    sagemaker.create_model(
        ModelName=MODEL,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artifact},
        ExecutionRoleArn=ROLE,
    )
    variant: Any = {"VariantName": "AllTraffic", "ModelName": MODEL, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="scones-config",
        ProductionVariants=[variant | {"InitialInstanceCount": 1}],
        **config,
    )
    sagemaker.create_endpoint(EndpointName="scones", EndpointConfigName="scones-config")
    ssm.put_parameter(Name="/scones/endpoint", Value="scones", Type="String", Overwrite=True)
    try:
        yield
    finally:
        ssm.delete_parameter(Name="/scones/endpoint")
        sagemaker.delete_endpoint(EndpointName="scones")
        sagemaker.delete_endpoint_config(EndpointConfigName="scones-config")
        sagemaker.delete_model(ModelName=MODEL)
