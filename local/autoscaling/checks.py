"""What of a request to Application Auto Scaling AWS refuses, and what the embedded cloud does."""

from typing import Any

from botocore.exceptions import ClientError

from local.autoscaling.targets import Record
from local.autoscaling.variants import Variant
from local.sagemaker.errors import ValidationException

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
METRIC = "SageMakerVariantInvocationsPerInstance"
_BURSTABLE = ("ml.t2.", "ml.t3.", "ml.t4g.")


def find_variant(request: dict[str, Any]) -> Variant:
    """Returns the variant that a request is about, or raises an error where it is about anything else."""
    dimension = request["ScalableDimension"]
    if (request["ServiceNamespace"], dimension) != (NAMESPACE, DIMENSION):
        raise ValidationException(
            f"The embedded cloud scales {DIMENSION} of the namespace {NAMESPACE} alone, not {dimension} of "
            f"{request['ServiceNamespace']}."
        )
    variant = Variant.parse(request["ResourceId"])
    if variant is None:
        raise ValidationException(
            f"The resource ID {request['ResourceId']} is not of the form endpoint/ENDPOINT/variant/VARIANT."
        )
    return variant


def check_scalable(variant: Variant) -> None:
    """Raises AWS's error where a variant cannot become a target."""
    try:
        state = variant.describe()
        settings = variant.find_settings(state.config) if state else {}
    except ClientError as error:
        raise ValidationException(error.response["Error"]["Message"]) from error
    if state is None:
        raise ValidationException(
            f"Could not find the variant {variant.name} of an endpoint {variant.endpoint}."
        )
    if state.status != "InService":
        raise ValidationException(
            f"The endpoint {variant.endpoint} is {state.status}: register its variant once it is InService."
        )
    if "ServerlessConfig" in settings:
        raise ValidationException(
            f"The variant {variant.name} of the endpoint {variant.endpoint} is serverless: it has no "
            f"instances for {DIMENSION}."
        )
    if settings["InstanceType"].startswith(_BURSTABLE):
        raise ValidationException(
            f"You cannot register a variant with {settings['InstanceType']} instance type as a scalable "
            "target. This is because the burstable performance of these instances can lead to unpredictable "
            "behavior with Auto Scaling."
        )


def check_tracking(tracked: Record | None) -> Record:
    """Returns what a policy tracks, with AWS's defaults, or raises an error where it cannot be tracked."""
    if tracked is None:
        raise ValidationException("A policy of TargetTrackingScaling needs its configuration.")
    predefined, customized = find_metric(tracked)
    if (predefined is None) == (customized is None):
        raise ValidationException(
            "Give either a PredefinedMetricSpecification or a CustomizedMetricSpecification, and not both."
        )
    if predefined is not None and predefined != METRIC:
        raise ValidationException(f"The metric of {DIMENSION} is {METRIC}, not {predefined}.")
    if customized is not None:
        if "Metrics" in customized:
            raise ValidationException("The embedded cloud tracks one metric: it knows no metric math.")
        if lacks := [each for each in ("Namespace", "MetricName", "Statistic") if each not in customized]:
            raise ValidationException(f"The CustomizedMetricSpecification needs {lacks[0]}.")
    for name in ("ScaleOutCooldown", "ScaleInCooldown"):
        if tracked.get(name, 0) < 0:
            raise ValidationException(f"{name} must not be negative: {tracked[name]}.")
    if tracked["TargetValue"] <= 0:
        raise ValidationException(f"TargetValue must be greater than 0, not {tracked['TargetValue']}.")
    return {"ScaleOutCooldown": 300, "ScaleInCooldown": 300, "DisableScaleIn": False, **tracked}


def find_metric(tracked: Record) -> tuple[str | None, Record | None]:
    """Returns the predefined and the customized metric that a policy's configuration names."""
    predefined = tracked.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    return predefined, tracked.get("CustomizedMetricSpecification")
