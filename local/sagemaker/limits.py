"""Refuses what would take an account above its quotas, with the error that AWS gives.

The quotas are those of the embedded Service Quotas. The lock of the records must be held from a check until
what was checked is recorded, so that two requests do not both take what is left.
"""

from collections import Counter
from collections.abc import Iterable

from local.sagemaker.errors import ApiError, ValidationException
from local.sagemaker.jobs.job import FINISHED
from local.sagemaker.records import ENDPOINTS, TRAINING_JOBS, TRANSFORM_JOBS, Record
from local.service_quotas import quotas


def check_training_job(request: Record) -> None:
    """Raises AWS's error for a training job that no quota has room for."""
    asked = request["ResourceConfig"].get("InstanceCount", 1)
    _check(quotas.INSTANCES_PER_TRAINING_JOB, 0, asked)
    quota = _name_training_quota(request)
    used = sum(
        job["ResourceConfig"].get("InstanceCount", 1)
        for job in TRAINING_JOBS.store.values()
        if job["TrainingJobStatus"] not in FINISHED and _name_training_quota(job) == quota
    )
    _check(quota, used, asked)


def check_transform_job(request: Record) -> None:
    """Raises AWS's error for a transform job that no quota has room for."""
    resources = request["TransformResources"]
    if resources["InstanceCount"] > 1:
        raise ValidationException(
            f"InstanceCount {resources['InstanceCount']} is not supported by the embedded cloud, whose batch "
            "transform has one machine. Use 1."
        )
    used = sum(
        job["TransformResources"]["InstanceCount"]
        for job in TRANSFORM_JOBS.store.values()
        if job["TransformJobStatus"] not in FINISHED
        and job["TransformResources"]["InstanceType"] == resources["InstanceType"]
    )
    _check(f"{resources['InstanceType']} for transform job usage", used, resources["InstanceCount"])


def check_fleet(fleet: Record, current: Record | None = None) -> None:
    """Raises AWS's error for a new fleet that no quota has room for.

    Args:
        fleet: The fleet, whose instances are started before those of the one in service end.
        current: The fleet in service, if the endpoint has one: only its serverless capacity is free to take.
    """
    for variant in fleet["ProductionVariants"]:
        if "ServerlessConfig" in variant:
            _check(quotas.SERVERLESS_MEMORY, 0, variant["ServerlessConfig"]["MemorySizeInMB"], unit="MBs")
    freed = _count(current)[quotas.SERVERLESS_CONCURRENCY] if current else 0
    _check_all(_count(fleet) - Counter({quotas.SERVERLESS_CONCURRENCY: freed}))


def check_capacities(before: Record, after: Record) -> None:
    """Raises AWS's error for what a fleet grows by, if no quota has room for it."""
    _check_all(_count(after) - _count(before))


def _name_training_quota(job: Record) -> str:
    spot = "spot " if job.get("EnableManagedSpotTraining") else ""
    return f"{job['ResourceConfig']['InstanceType']} for {spot}training job usage"


def _check_all(asked: Counter[str]) -> None:
    used = _count_all_endpoints()
    for quota, count in asked.items():
        _check(quota, used[quota], count)


def _count_all_endpoints() -> Counter[str]:
    """Returns what is taken by all endpoints of the account and region, updates under way included."""
    used: Counter[str] = Counter()
    for record in ENDPOINTS.store.values():
        for deployed in (record, record.get("PendingDeploymentSummary", {})):
            used += _add_up(
                (
                    variant.get("DesiredServerlessConfig"),
                    variant.get("InstanceType"),
                    max(variant.get("CurrentInstanceCount", 0), variant.get("DesiredInstanceCount", 0)),
                )
                for variant in deployed.get("ProductionVariants", [])
            )
    return used


def _count(fleet: Record) -> Counter[str]:
    """Returns what a fleet takes, by quota."""
    return _add_up(
        (variant.get("ServerlessConfig"), variant.get("InstanceType"), variant.get("InitialInstanceCount", 0))
        for variant in fleet["ProductionVariants"]
    )


def _add_up(variants: Iterable[tuple[Record | None, str | None, int]]) -> Counter[str]:
    """Returns what variants take, by quota: each has its ServerlessConfig, or its type and count."""
    taken: Counter[str] = Counter()
    for serverless, instance_type, count in variants:
        if serverless:
            taken[quotas.SERVERLESS_CONCURRENCY] += serverless["MaxConcurrency"]
        else:
            taken[f"{instance_type} for endpoint usage"] += count
    return taken


def _check(quota: str, used: int, asked: int, unit: str = "Instances") -> None:
    allowed = quotas.find_value(quota)
    if used + asked > allowed:
        raise ApiError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{quota}' is {allowed} {unit}, with current utilization of "
            f"{used} {unit} and a request delta of {asked} {unit}. Please use AWS Service Quotas to request "
            "an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
            "request an increase for this quota.",
        )
