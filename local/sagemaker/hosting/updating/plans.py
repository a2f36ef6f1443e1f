"""How a DeploymentConfig has an update shift traffic, and what of one is refused.

Rules: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html and the API's
reference.
"""

from dataclasses import dataclass
from typing import Any

from local.sagemaker.errors import ValidationException
from local.sagemaker.hosting.fleets import is_serverless
from local.sagemaker.records import Record

_LARGEST = 0.5  # of the new fleet, for a canary and for a step
_SMALLEST_STEP = 0.1


@dataclass(frozen=True)
class Plan:
    """An update's way from the blue fleet to the green one.

    Attributes:
        shares: Share of the traffic that the green fleet has after each shift; the last one is 1.
        interval: Seconds between two shifts, in which the alarms are watched.
        baking: Seconds after the last shift in which they are watched, before the blue fleet ends.
        timeout: Seconds that all may take; None for as many as it takes.
        alarms: Names of the alarms that end the update.
    """

    shares: tuple[float, ...] = (1.0,)
    interval: float = 0
    baking: float = 0
    timeout: float | None = None
    alarms: tuple[str, ...] = ()


def make_plan(deployment: dict[str, Any] | None, fleet: Record) -> Plan:
    """Returns the plan of a DeploymentConfig for a new fleet; without one, all at once and no baking.

    Raises:
        ApiError: ValidationException for what AWS does not do, or the embedded cloud does not.
    """
    if not deployment:
        return Plan()
    if "RollingUpdatePolicy" in deployment:
        raise ValidationException(
            "RollingUpdatePolicy is not supported by the embedded cloud. Use BlueGreenUpdatePolicy."
        )
    if is_serverless(fleet):
        raise ValidationException(
            "A DeploymentConfig applies to asynchronous and real-time endpoints only. Leave it out for "
            f"the serverless variants of endpoint configuration {fleet['EndpointConfigName']}."
        )
    alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    names = tuple(alarm["AlarmName"] for alarm in alarms if "AlarmName" in alarm)
    policy = deployment.get("BlueGreenUpdatePolicy")
    if policy is None:
        return Plan(alarms=names)
    routing = policy["TrafficRoutingConfiguration"]
    shares = _list_shares(routing, fleet)
    plan = Plan(
        shares=shares,
        interval=routing["WaitIntervalInSeconds"],
        baking=policy.get("TerminationWaitInSeconds", 0),
        timeout=policy.get("MaximumExecutionTimeoutInSeconds"),
        alarms=names,
    )
    waits = plan.interval * (len(shares) - 1) + plan.baking
    if plan.timeout is not None and plan.timeout <= waits:
        raise ValidationException(
            f"MaximumExecutionTimeoutInSeconds {plan.timeout} must be larger than the {waits} seconds that "
            "WaitIntervalInSeconds and TerminationWaitInSeconds come to."
        )
    return plan


def _list_shares(routing: dict[str, Any], fleet: Record) -> tuple[float, ...]:
    kind = routing["Type"]
    if kind == "ALL_AT_ONCE":
        return (1.0,)
    if kind == "CANARY":
        return _measure("CanarySize", routing, fleet, 0.0), 1.0
    step = _measure("LinearStepSize", routing, fleet, _SMALLEST_STEP)
    shares: list[float] = []
    while (share := step * (len(shares) + 1)) < 1.0:
        shares.append(share)
    return (*shares, 1.0)


def _measure(member: str, routing: dict[str, Any], fleet: Record, smallest: float) -> float:
    """Returns what share of the new fleet a size turns on; a part of an instance cannot be turned on.

    Raises:
        ApiError: It is missing, or not within the bounds for one of the variants.
    """
    size = routing.get(member)
    if size is None:
        raise ValidationException(f"{member} is required for traffic routing of type {routing['Type']}.")
    turned_on, total = 0, 0
    for variant in fleet["ProductionVariants"]:
        count = variant["InitialInstanceCount"]
        if size["Type"] == "CAPACITY_PERCENT":
            wanted, instances = size["Value"] / 100, max(1, count * size["Value"] // 100)
        else:
            wanted, instances = size["Value"] / count, size["Value"]
        if not smallest <= wanted <= _LARGEST or instances / count > _LARGEST:
            bounds = f"between {smallest:.0%} and {_LARGEST:.0%}" if smallest else f"at most {_LARGEST:.0%}"
            raise ValidationException(
                f"{member} {size['Value']} ({size['Type']}) must be {bounds} of the {count} instance(s) of "
                f"variant {variant['VariantName']}."
            )
        turned_on, total = turned_on + instances, total + count
    return turned_on / total
