"""How much of its quotas an account uses, and for what, by SageMaker's lists: Service Quotas does not say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from console.preflight.needs import CONCURRENCY
from evaluation.deployment import Deployment

UNFINISHED = ("InProgress", "Stopping")


@dataclass(frozen=True)
class Use:
    """A job or an endpoint that has instances.

    Attributes:
        quota: Name of the quota that it counts for.
        count: How much of it that is.
        name: Its name.
    """

    quota: str
    count: int
    name: str


def list_uses(deployment: Deployment) -> list[Use]:
    """Returns what is in use of quotas in the account and region, by whatever deployment or none."""
    sagemaker = deployment.client("sagemaker")
    return [*_list_trainings(sagemaker), *_list_transforms(sagemaker), *_list_endpoints(sagemaker)]


def _list_trainings(sagemaker: Any) -> Iterator[Use]:
    for name in _list_unfinished(sagemaker, "TrainingJob"):
        job = _describe(sagemaker.describe_training_job, TrainingJobName=name)
        if job is None:
            continue
        spot = "spot " if job.get("EnableManagedSpotTraining") else ""
        resources = job["ResourceConfig"]
        groups = resources.get("InstanceGroups") or [resources]
        for group in groups:
            quota = f"{group['InstanceType']} for {spot}training job usage"
            yield Use(quota, group["InstanceCount"], name)


def _list_transforms(sagemaker: Any) -> Iterator[Use]:
    for name in _list_unfinished(sagemaker, "TransformJob"):
        job = _describe(sagemaker.describe_transform_job, TransformJobName=name)
        if job is None:
            continue
        resources = job["TransformResources"]
        yield Use(f"{resources['InstanceType']} for transform job usage", resources["InstanceCount"], name)


def _list_unfinished(sagemaker: Any, kind: str) -> Iterator[str]:
    paginator = sagemaker.get_paginator(
        "list_training_jobs" if kind == "TrainingJob" else "list_transform_jobs"
    )
    for status in UNFINISHED:
        for page in paginator.paginate(StatusEquals=status):
            for summary in page[f"{kind}Summaries"]:
                yield summary[f"{kind}Name"]


def _list_endpoints(sagemaker: Any) -> Iterator[Use]:
    """Yields what each variant has in service, and what one that comes beside it will have."""
    for page in sagemaker.get_paginator("list_endpoints").paginate():
        for summary in page["Endpoints"]:
            name = summary["EndpointName"]
            endpoint = _describe(sagemaker.describe_endpoint, EndpointName=name) or {}
            for deployed in (endpoint, endpoint.get("PendingDeploymentSummary", {})):
                if "EndpointConfigName" in deployed:
                    yield from _list_variants(sagemaker, name, deployed)


def _list_variants(sagemaker: Any, endpoint: str, deployed: dict[str, Any]) -> Iterator[Use]:
    name = deployed["EndpointConfigName"]
    config = _describe(sagemaker.describe_endpoint_config, EndpointConfigName=name) or {}
    types = {
        variant["VariantName"]: variant["InstanceType"]
        for variant in config.get("ProductionVariants", [])
        if "InstanceType" in variant
    }
    for variant in deployed.get("ProductionVariants", []):
        serverless = variant.get("DesiredServerlessConfig") or variant.get("CurrentServerlessConfig")
        if serverless:
            yield Use(CONCURRENCY, serverless["MaxConcurrency"], endpoint)
        elif variant["VariantName"] in types:
            count = max(variant.get("CurrentInstanceCount", 0), variant.get("DesiredInstanceCount", 0))
            yield Use(f"{types[variant['VariantName']]} for endpoint usage", count, endpoint)


def _describe(describe: Callable[..., dict[str, Any]], **request: str) -> dict[str, Any] | None:
    """Returns a description; None of what has gone since it was listed."""
    try:
        return describe(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        return None
