"""What an endpoint must be for a change to begin."""

from local.autoscaling.targets import is_registered
from local.sagemaker.errors import ValidationException
from local.sagemaker.hosting.fleets import is_serverless
from local.sagemaker.records import Record


def check_in_service(record: Record) -> None:
    """Raises an error unless nothing is under way with an endpoint and it serves."""
    if record["EndpointStatus"] != "InService":
        state = "failed" if record["EndpointStatus"] == "Failed" else "in-progress"
        raise ValidationException(f'Cannot update {state} endpoint "{record["EndpointArn"]}".')


def check_change(record: Record, current: Record, fleet: Record, *, guarded: bool) -> None:
    """Raises an error for an update that AWS bars.

    Args:
        record: The endpoint.
        current: The fleet in service.
        fleet: The new one.
        guarded: Whether the update has a DeploymentConfig.
    """
    if is_serverless(fleet) and not is_serverless(current):
        raise ValidationException(
            f'Cannot update real-time endpoint "{record["EndpointArn"]}" to a serverless one.'
        )
    before, after = _list_variants(current), _list_variants(fleet)
    if guarded and is_serverless(current):
        raise ValidationException(
            "A DeploymentConfig applies to asynchronous and real-time endpoints only, and "
            f'"{record["EndpointArn"]}" is serverless.'
        )
    if guarded and set(before) != set(after):
        raise ValidationException(
            "With a DeploymentConfig the new endpoint configuration must have the variant names of the old "
            f"one: {', '.join(before)}. {fleet['EndpointConfigName']} has {', '.join(after)}."
        )
    for name, variant in before.items():
        changed = after.get(name, {}).get("InstanceType") != variant.get("InstanceType")
        if changed and is_registered(record["EndpointName"], name):
            raise ValidationException(
                f"Variant {name} of endpoint {record['EndpointName']} is a scalable target of Application "
                "Auto Scaling: its instance type cannot change, nor can it be removed. Deregister it first."
            )


def _list_variants(fleet: Record) -> dict[str, Record]:
    return {variant["VariantName"]: variant for variant in fleet["ProductionVariants"]}
