"""The operations on models and endpoint configurations."""

from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import get_region

from local.sagemaker import listing, records, roles
from local.sagemaker.containers import s3_data
from local.sagemaker.emulator import client
from local.sagemaker.errors import invalid
from local.sagemaker.records import LOCK, Record


def create_model(request: dict[str, Any]) -> Record:
    """CreateModel: checks the role and that it may read the model's data, as AWS does."""
    name = request["ModelName"]
    role_arn = request.get("ExecutionRoleArn")
    if role_arn is None or not (request.get("PrimaryContainer") or request.get("Containers")):
        raise invalid("ExecutionRoleArn and PrimaryContainer (or Containers) are required to create a model.")
    roles.check_assumable(role_arn)
    for container in containers_of(request):
        if url := container.get("ModelDataUrl"):
            _check_readable(url, role_arn)
    return _create(
        records.models, "model", name, {"EnableNetworkIsolation": False, **request}, "ModelArn", "model"
    )


def containers_of(model: Record) -> list[Record]:
    """Returns a model's containers in the order in which a request passes them."""
    if "PrimaryContainer" in model:
        return [model["PrimaryContainer"]]
    return list(model["Containers"])


def describe_model(request: dict[str, Any]) -> Record:
    """DescribeModel."""
    return existing(records.models, "model", request["ModelName"], "model")


def delete_model(request: dict[str, Any]) -> Record:
    """DeleteModel: endpoints that serve it go on serving."""
    return _delete(records.models, "model", request["ModelName"], "model")


def list_models(request: dict[str, Any]) -> Record:
    """ListModels."""
    page, token = listing.page(list(records.models.values()), request, resource="Model", order="Descending")
    return {"Models": page, "NextToken": token}


def create_endpoint_config(request: dict[str, Any]) -> Record:
    """CreateEndpointConfig."""
    name = request["EndpointConfigName"]
    for variant in request["ProductionVariants"]:
        if "ModelName" not in variant:
            raise invalid("ModelName is required in each of the ProductionVariants.")
        existing(records.models, "model", variant["ModelName"], "model")
        if "ServerlessConfig" in variant:
            if request.get("DataCaptureConfig", {}).get("EnableCapture"):
                raise invalid("DataCaptureConfig is not supported with serverless inference.")
        elif "InstanceType" not in variant or "InitialInstanceCount" not in variant:
            raise invalid(
                "Each of the ProductionVariants needs either ServerlessConfig, or InstanceType and "
                "InitialInstanceCount."
            )
    names = [variant["VariantName"] for variant in request["ProductionVariants"]]
    if len(set(names)) < len(names):
        raise invalid("The VariantName of each of the ProductionVariants must be unique.")
    variants = [{"InitialVariantWeight": 1.0, **variant} for variant in request["ProductionVariants"]]
    record = {"EnableNetworkIsolation": False, **request, "ProductionVariants": variants}
    return _create(
        records.endpoint_configs,
        "endpoint-config",
        name,
        record,
        "EndpointConfigArn",
        "endpoint configuration",
    )


def describe_endpoint_config(request: dict[str, Any]) -> Record:
    """DescribeEndpointConfig."""
    return existing_config(request["EndpointConfigName"])


def existing_config(name: str) -> Record:
    """Returns an endpoint configuration, or raises what AWS raises without it."""
    return existing(records.endpoint_configs, "endpoint-config", name, "endpoint configuration")


def delete_endpoint_config(request: dict[str, Any]) -> Record:
    """DeleteEndpointConfig: endpoints that were made from it go on serving."""
    name = request["EndpointConfigName"]
    return _delete(records.endpoint_configs, "endpoint-config", name, "endpoint configuration")


def list_endpoint_configs(request: dict[str, Any]) -> Record:
    """ListEndpointConfigs."""
    configs = list(records.endpoint_configs.values())
    page, token = listing.page(configs, request, resource="EndpointConfig", order="Descending")
    return {"EndpointConfigs": page, "NextToken": token}


def existing(store: Any, kind: str, name: str, noun: str) -> Record:
    """Returns a record, or raises what AWS raises without it."""
    record: Record | None = store.get(name)
    if record is None:
        raise invalid(f'Could not find {noun} "{records.arn(kind, name)}".')
    return record


def _create(store: Any, kind: str, name: str, request: Record, arn_member: str, noun: str) -> Record:
    resource_arn = records.arn(kind, name)
    with LOCK:
        if name in store:
            raise invalid(f'Cannot create already existing {noun} "{resource_arn}".')
        record = {key: value for key, value in request.items() if key != "Tags"}
        store[name] = {**record, arn_member: resource_arn, "CreationTime": records.now()}
        records.set_tags(resource_arn, request.get("Tags", []))
        return dict(store[name])


def _delete(store: Any, kind: str, name: str, noun: str) -> Record:
    with LOCK:
        existing(store, kind, name, noun)
        store.pop(name)
        records.tags.pop(records.arn(kind, name), None)
    return {}


def _check_readable(url: str, role_arn: str) -> None:
    try:
        bucket, key = s3_data.split(url)
        client("s3", role_arn).head_object(Bucket=bucket, Key=key)
    except s3_data.DataError as error:
        raise invalid(f"ModelDataUrl: {error}") from error
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            raise invalid(f"Could not find model data at {url}.") from error
        raise invalid(
            f'Could not access model data at {url}. Please ensure that the role "{role_arn}" exists and that '
            'its trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that '
            f"the object is located in {get_region()}."
        ) from error
