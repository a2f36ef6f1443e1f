"""The operations on models and endpoint configurations that check what AWS checks."""

from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import get_region

from local.clients import make_client
from local.sagemaker import roles
from local.sagemaker.containers import s3_data
from local.sagemaker.containers.model_data import list_containers
from local.sagemaker.errors import ValidationException
from local.sagemaker.records import ENDPOINT_CONFIGS, MODELS, Record


def create_model(request: dict[str, Any]) -> Record:
    """CreateModel: checks the role and that it may read the model's data, as AWS does."""
    role_arn = request.get("ExecutionRoleArn")
    if role_arn is None or not (request.get("PrimaryContainer") or request.get("Containers")):
        raise ValidationException(
            "ExecutionRoleArn and PrimaryContainer (or Containers) are required to create a model."
        )
    roles.check_assumable(role_arn)
    members = {"EnableNetworkIsolation": False, **request}
    if "PrimaryContainer" in request:
        members["PrimaryContainer"] = _fill_in(request["PrimaryContainer"])
    if "Containers" in request:
        members["Containers"] = [_fill_in(container) for container in request["Containers"]]
    for container in list_containers(members):
        if url := container.get("ModelDataUrl"):
            _check_readable(url, role_arn)
    return MODELS.add(members)


def create_endpoint_config(request: dict[str, Any]) -> Record:
    """CreateEndpointConfig: checks each variant's model, name, and instances or what stands for them."""
    variants = request["ProductionVariants"]
    for variant in variants:
        if "ModelName" not in variant:
            raise ValidationException("ModelName is required in each of the ProductionVariants.")
        model = MODELS.find(variant["ModelName"])
        if "ServerlessConfig" in variant:
            _check_serverless(request, variant, model)
        elif "InstanceType" not in variant or "InitialInstanceCount" not in variant:
            raise ValidationException(
                "Each of the ProductionVariants needs either ServerlessConfig, or InstanceType and "
                "InitialInstanceCount."
            )
    if len({variant["VariantName"] for variant in variants}) < len(variants):
        raise ValidationException("The VariantName of each of the ProductionVariants must be unique.")
    weighted = [{"InitialVariantWeight": 1.0, **variant} for variant in variants]
    return ENDPOINT_CONFIGS.add({"EnableNetworkIsolation": False, **request, "ProductionVariants": weighted})


def _check_serverless(request: dict[str, Any], variant: Record, model: Record) -> None:
    """Raises an error for what the documentation of serverless inference excludes."""
    excluded = {
        "multiple production variants": len(request["ProductionVariants"]) > 1,
        "instances": "InstanceType" in variant or "InitialInstanceCount" in variant,
        "data capture": request.get("DataCaptureConfig", {}).get("EnableCapture", False),
        "network isolation": model["EnableNetworkIsolation"] or request.get("EnableNetworkIsolation", False),
        "VPC configuration": "VpcConfig" in model or "VpcConfig" in request,
        "inference pipelines": len(list_containers(model)) > 1,
    }
    for feature, asked in excluded.items():
        if asked:
            raise ValidationException(f"Serverless inference does not support {feature}.")
    serverless = variant["ServerlessConfig"]
    if serverless["MemorySizeInMB"] % 1024:
        raise ValidationException("The MemorySizeInMB of a ServerlessConfig must be in 1 GB increments.")
    if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
        raise ValidationException("ProvisionedConcurrency must not be greater than MaxConcurrency.")


def _fill_in(container: Record) -> Record:
    """Returns a container as DescribeModel tells it: its data under both names, whichever the request has."""
    filled = {"Mode": "SingleModel", **container}
    url = container.get("ModelDataUrl")
    if source := container.get("ModelDataSource", {}).get("S3DataSource"):
        if (source["S3DataType"], source["CompressionType"]) != ("S3Object", "Gzip"):
            raise ValidationException(
                f"A ModelDataSource of {source['S3DataType']}, {source['CompressionType']} is not supported "
                "by the embedded cloud, which serves a model.tar.gz. Use S3Object and Gzip."
            )
        url = source["S3Uri"]
    if url:
        archive = {"S3Uri": url, "S3DataType": "S3Object", "CompressionType": "Gzip"}
        filled |= {"ModelDataUrl": url, "ModelDataSource": {"S3DataSource": archive}}
    return filled


def _check_readable(url: str, role_arn: str) -> None:
    try:
        bucket, key = s3_data.split_uri(url)
        make_client("s3", role_arn).head_object(Bucket=bucket, Key=key)
    except s3_data.DataError as error:
        raise ValidationException(f"ModelDataUrl: {error}") from error
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            raise ValidationException(f"Could not find model data at {url}.") from error
        raise ValidationException(
            f'Could not access model data at {url}. Please ensure that the role "{role_arn}" exists and that '
            'its trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that '
            f"the object is located in {get_region()}."
        ) from error
