"""UpdateEndpointWeightsAndCapacities: changes the fleet that is in service."""

import copy
from typing import Any

from local.sagemaker import limits, records
from local.sagemaker.emulator import start_work, wait_for_closing
from local.sagemaker.errors import ValidationException
from local.sagemaker.hosting.descriptions import describe_variants
from local.sagemaker.hosting.traffic import serving
from local.sagemaker.hosting.updating import rules
from local.sagemaker.hosting.updating.update import put_in_service
from local.sagemaker.hosting.variants import Deployment
from local.sagemaker.records import ENDPOINTS, LOCK, Record

SECONDS_TO_CHANGE = 1.0


def update_weights_and_capacities(request: dict[str, Any]) -> Record:
    """UpdateEndpointWeightsAndCapacities: the endpoint is Updating for a moment, and answers all the time."""
    with LOCK:
        record = ENDPOINTS.describe(request)
        rules.check_in_service(record)
        fleet = copy.deepcopy(record["FleetConfig"])
        _change(fleet, request["DesiredWeightsAndCapacities"])
        limits.check_capacities(record["FleetConfig"], fleet)
        current, desired = describe_variants(record["FleetConfig"], "Updating"), describe_variants(fleet)
        for told, wanted in zip(current, desired, strict=True):
            told.update({key: value for key, value in wanted.items() if key.startswith("Desired")})
        # What is asked for is kept at once: a restart brings it about.
        record.update(
            EndpointStatus="Updating",
            FleetConfig=fleet,
            ProductionVariants=current,
            LastModifiedTime=records.now(),
        )
        record.pop("FailureReason", None)
        deployment = serving[record["EndpointArn"]].blue
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _apply, record, fleet, deployment)
    return record


def _change(fleet: Record, changes: list[dict[str, Any]]) -> None:
    """Changes a fleet's variants, or raises AWS's ValidationException and leaves it half changed."""
    variants = {variant["VariantName"]: variant for variant in fleet["ProductionVariants"]}
    names = [change["VariantName"] for change in changes]
    if unknown := [name for name in names if name not in variants]:
        raise ValidationException(f"The endpoint has no variant {', '.join(unknown)}.")
    if len(set(names)) < len(names):
        raise ValidationException(
            "The VariantName of each of the DesiredWeightsAndCapacities must be unique."
        )
    if sum("DesiredInstanceCount" in change for change in changes) > 1:
        raise ValidationException("The capacity of one variant alone can be changed by a request.")
    for change in changes:
        _change_variant(variants[change["VariantName"]], change)


def _change_variant(variant: Record, change: dict[str, Any]) -> None:
    name, serverless = variant["VariantName"], "ServerlessConfig" in variant
    if "DesiredWeight" in change:
        variant["InitialVariantWeight"] = change["DesiredWeight"]
    if "DesiredInstanceCount" in change:
        if serverless:
            raise ValidationException(f"Variant {name} is serverless and has no instances.")
        if change["DesiredInstanceCount"] == 0:
            raise ValidationException(
                f"The DesiredInstanceCount of variant {name} must be at least 1: only endpoints of inference "
                "components scale to 0."
            )
        variant["InitialInstanceCount"] = change["DesiredInstanceCount"]
    if "ServerlessUpdateConfig" in change:
        if not serverless:
            raise ValidationException(f"Variant {name} is not serverless.")
        variant["ServerlessConfig"] |= change["ServerlessUpdateConfig"]


def _apply(record: Record, fleet: Record, deployment: Deployment) -> None:
    if wait_for_closing(SECONDS_TO_CHANGE):
        return
    deployment.adjust(fleet)
    with LOCK:
        put_in_service(record, fleet)
