"""The custom resources around an update of the endpoint.

Before it, what SageMaker would refuse or trip over is told in a line. After it, an update that SageMaker has
rolled back fails the deploy.

CloudFormation may take a roll-back for success, for the endpoint is in service again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lambdas.deploy.custom_resource import answer_at_once
from lambdas.deploy.gate import ModelRefused
from lambdas.workflow import places

# An alarm that looks at another configuration from now on keeps its state until it is evaluated, each minute.
ALARM_LOOKS = 12
ALARM_PAUSE_SECONDS = 10
autoscaling = boto3.client("application-autoscaling")
cloudwatch = boto3.client("cloudwatch")
sagemaker = boto3.client("sagemaker")


def handler(event: dict[str, Any], context: object) -> None:
    """Answers CloudFormation for either resource, told apart by its type."""
    resource_type = event["ResourceType"].removeprefix("Custom::")
    endpoint = event["ResourceProperties"]["EndpointName"]
    answer_at_once(event, f"{endpoint}-{resource_type}", CHECKS[resource_type])


def allow_update(properties: Mapping[str, Any]) -> dict[str, str]:
    """Refuses an update that SageMaker would; waits until no alarm is left over that would roll it back.

    Raises:
        ModelRefused: The update needs two steps, or an alarm stays on.
    """
    endpoint = _describe(properties["EndpointName"])
    if endpoint is None or endpoint["EndpointConfigName"] == properties["EndpointConfigName"]:
        # It is made anew, or a deploy that did not get to it is rolled back.
        return {}
    name, (variant,) = endpoint["EndpointName"], endpoint["ProductionVariants"]
    if variant["VariantName"] != properties["VariantName"]:
        # An endpoint of instances bears the deployment's name.
        console = places.name_console(name)
        raise ModelRefused(
            f"Endpoint {name} serves a model of other classes, and SageMaker passes no traffic to a model "
            f"under another variant name: run {console} endpoint off, deploy again, and run "
            f"{console} endpoint on"
        )
    former = _read_variant(endpoint["EndpointConfigName"])["InstanceType"]
    wanted = properties["InstanceType"]
    if former != wanted and _is_registered(name, variant["VariantName"]):
        raise ModelRefused(
            f"Endpoint {name} scales by itself, and meanwhile SageMaker changes no instance type "
            f"({former} to {wanted}): deploy once with endpoint_instance_type {former} and "
            "endpoint_max_instances at endpoint_min_instances, then once more with what is set now"
        )
    alarms = _read_names(properties)
    for _ in range(ALARM_LOOKS):
        if not _list_alarmed(alarms):
            return {}
        time.sleep(ALARM_PAUSE_SECONDS)
    if not (alarmed := _list_alarmed(alarms)):
        return {}
    names = ", ".join(alarm["AlarmName"] for alarm in alarmed)
    raise ModelRefused(
        f"Alarm {names} is on and would roll the update of endpoint {name} back: look at it in CloudWatch, "
        "and once it is off, deploy again"
    )


def confirm_update(properties: Mapping[str, Any]) -> dict[str, str]:
    """Refuses an endpoint that does not serve the configuration of this deploy.

    Returns:
        ``EndpointName``, ``EndpointConfigName`` and ``Switch``: what the deployment's parameters are to tell.

    Raises:
        ModelRefused: It serves another one.
    """
    name, expected = properties["EndpointName"], properties["EndpointConfigName"]
    endpoint = _describe(name)
    if endpoint is None:
        raise ModelRefused(f"Endpoint {name} was deleted meanwhile: deploy again")
    served = endpoint["EndpointConfigName"]
    if served == expected:
        return {"EndpointName": name, "EndpointConfigName": served, "Switch": places.SWITCH_ON}
    wanted = places.read_model_name(properties["ModelDataUrl"])
    raise ModelRefused(
        f"Endpoint {name} serves model {_find_model(served)} and not {wanted}: SageMaker has rolled the "
        f"update back ({_explain(endpoint, _read_names(properties))})"
    )


CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, str]]] = {
    "EndpointUpdate": allow_update,
    "ServedConfiguration": confirm_update,
}


def _describe(endpoint: str) -> Mapping[str, Any] | None:
    try:
        return sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return None


def _read_variant(config: str) -> Mapping[str, Any]:
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    return variant


def _find_model(config: str) -> str:
    model = sagemaker.describe_model(ModelName=_read_variant(config)["ModelName"])
    return places.read_model_name(model["PrimaryContainer"]["ModelDataUrl"])


def _is_registered(endpoint: str, variant: str) -> bool:
    found = autoscaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{endpoint}/variant/{variant}"]
    )
    return bool(found["ScalableTargets"])


def _read_names(properties: Mapping[str, Any]) -> list[str]:
    return [name for name in properties["AlarmNames"].split(",") if name]


def _list_alarmed(names: list[str]) -> Sequence[Mapping[str, Any]]:
    if not names:
        return []
    found = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    return [alarm for alarm in found if alarm["StateValue"] == "ALARM"]


def _explain(endpoint: Mapping[str, Any], alarms: list[str]) -> str:
    """Says why an update was rolled back: SageMaker's reason, which it may have left out, or the alarms."""
    if reason := endpoint.get("FailureReason"):
        return str(reason)
    alarmed = [f"{alarm['AlarmName']}: {alarm['StateReason']}" for alarm in _list_alarmed(alarms)]
    return "; ".join(alarmed) or "it does not say why: no alarm is on, so the new instances did not start"
