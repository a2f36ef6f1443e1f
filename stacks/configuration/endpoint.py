"""What the settings of the endpoint ask of one another, and what of them the console is told."""

import json
from typing import Any, Protocol

from stacks.configuration.schedule import switches_at_once

# Their processors are shared: Application Auto Scaling registers no variant of this family.
NOT_SCALABLE = "ml.t2."
# The default: cdk.json says it, whichever mode is chosen.
USUAL_BAKING_SECONDS = 180
# How many photos a serverless endpoint answers at a time.
SERVERLESS_CONCURRENCY = 5


class EndpointSettings(Protocol):
    """The settings that are read here."""

    endpoint_mode: Any
    endpoint_instance_type: Any
    endpoint_min_instances: Any
    endpoint_max_instances: Any
    endpoint_baking_seconds: Any
    endpoint_schedule: Any


def find_contradiction(settings: EndpointSettings) -> str | None:
    """Says in one line which settings of the endpoint contradict each other, or returns None."""
    mode = settings.endpoint_mode
    least, most = settings.endpoint_min_instances, settings.endpoint_max_instances
    schedule = settings.endpoint_schedule
    if most < least:
        return (
            f"Setting 'endpoint_max_instances' is {most}, below endpoint_min_instances, which is {least}: "
            "make it the same, or more for autoscaling"
        )
    if mode == "serverless":
        if most > 1:
            return (
                f"Setting 'endpoint_max_instances' is {most} with endpoint_mode serverless, which has no "
                "instances and scales by itself: set it and endpoint_min_instances to 1"
            )
        if settings.endpoint_baking_seconds not in (0, USUAL_BAKING_SECONDS):
            return (
                f"Setting 'endpoint_baking_seconds' is {settings.endpoint_baking_seconds} with endpoint_mode "
                "serverless, whose updates SageMaker does not watch: leave it at "
                f"{USUAL_BAKING_SECONDS} or set it to 0"
            )
    if scales(settings) and settings.endpoint_instance_type.startswith(NOT_SCALABLE):
        return (
            f"Setting 'endpoint_max_instances' is {most} and endpoint_min_instances {least}, and no endpoint "
            f"of {settings.endpoint_instance_type} scales by itself: make the two the same, or set "
            "endpoint_instance_type to another one, such as ml.m5.large"
        )
    if schedule and mode == "serverless":
        return (
            "Setting 'endpoint_schedule' is set with endpoint_mode serverless, which costs nothing while "
            "idle: set it to {}"
        )
    if schedule and mode == "off":
        return (
            "Setting 'endpoint_schedule' is set with endpoint_mode off, so that it would switch on what is "
            "to stay off: set it to {}, or endpoint_mode to instance"
        )
    if schedule and switches_at_once(schedule):
        return "Setting 'endpoint_schedule' switches off and on at the same time: give the two another hour"
    return None


def scales(settings: EndpointSettings) -> bool:
    """Tells whether the endpoint's number of instances goes by its load."""
    return bool(settings.endpoint_max_instances > settings.endpoint_min_instances)


def tell_endpoint_settings(settings: EndpointSettings) -> dict[str, Any]:
    """Returns what the console has to know of the settings of the last deploy."""
    return {
        "mode": settings.endpoint_mode,
        "instance_type": settings.endpoint_instance_type,
        "least": settings.endpoint_min_instances,
        "most": settings.endpoint_max_instances,
        "schedule": settings.endpoint_schedule,
    }


def format_endpoint_settings(settings: EndpointSettings) -> str:
    """Returns the same as JSON."""
    return json.dumps(tell_endpoint_settings(settings))
