"""Says in a line which model the endpoint serves, and why."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from evaluation.deployment import Deployment, Endpoint
from lambdas.workflow import places
from lambdas.workflow.prediction import format_share


def describe_endpoint(deployment: Deployment) -> Mapping[str, Any] | None:
    """Returns what SageMaker tells of the endpoint; None if there is none."""
    try:
        return deployment.client("sagemaker").describe_endpoint(EndpointName=deployment.endpoint)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return None


def describe_service(deployment: Deployment, *, failed: bool) -> str:
    """Returns the line.

    Args:
        deployment: The deployment.
        failed: Whether the last update of its stack has failed.

    Raises:
        NotDeployed: There is no endpoint, or it serves something else than was deployed.
    """
    endpoint = deployment.find_endpoint()
    described = describe_endpoint(deployment) or {}
    variant = (described.get("ProductionVariants") or [{}])[0]
    count = variant.get("CurrentInstanceCount")
    instances = endpoint.instance_type if count is None else f"{count} x {endpoint.instance_type}"
    return (
        f"Endpoint {endpoint.name} serves model {_name_models(deployment, endpoint, described, failed)} "
        f"({endpoint.status}, {instances}, configuration {described.get('EndpointConfigName', 'unknown')})"
    )


def _name_models(
    deployment: Deployment, endpoint: Endpoint, described: Mapping[str, Any], failed: bool
) -> str:
    model = places.read_model_name(endpoint.artifact)
    pending = described.get("PendingDeploymentSummary")
    if pending and pending["EndpointConfigName"] != described.get("EndpointConfigName"):
        share = _measure_traffic(pending)
        return (
            f"{model} with {format_share(1 - share)} of the traffic, and model "
            f"{_find_model(deployment, pending['EndpointConfigName'])} with {format_share(share)} while it "
            "is updated to that one"
        )
    if failed and endpoint.artifact == deployment.artifact:
        # What was accepted then has been taken back.
        return f"{model}, the accepted one"
    if failed:
        return f"{model}, as before its last update, which failed"
    return f"{model}, the last deploy's"


def _measure_traffic(pending: Mapping[str, Any]) -> float:
    """Returns the share of the traffic that the new variant of an update has."""
    variant = (pending.get("ProductionVariants") or [{}])[0]
    # SageMaker leaves the weights out until there is traffic.
    return float(variant.get("CurrentWeight", 0) / (variant.get("DesiredWeight") or 1))


def _find_model(deployment: Deployment, config: str) -> str:
    sagemaker = deployment.client("sagemaker")
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    return places.read_model_name(model["PrimaryContainer"]["ModelDataUrl"])
