"""What an endpoint's fleet is made of: its endpoint configuration with what the endpoint itself keeps.

The fleet in service is in the endpoint's record under ``FleetConfig``, which no description shows.
"""

from typing import Any

from local.sagemaker import records
from local.sagemaker.containers.model_data import list_containers
from local.sagemaker.records import MODELS, Record

#: VariantPropertyType to the member of a variant that holds it.
_PROPERTIES = {"DesiredInstanceCount": "InitialInstanceCount", "DesiredWeight": "InitialVariantWeight"}


def make_fleet(config: Record) -> Record:
    """Returns a fleet as a configuration has it, with the images of its models."""
    return {
        **config,
        "ProductionVariants": [
            {**variant, "DeployedImages": _list_images(variant)} for variant in config["ProductionVariants"]
        ],
    }


def make_next_fleet(request: dict[str, Any], config: Record, current: Record) -> Record:
    """Returns the fleet of an update.

    Args:
        request: The UpdateEndpoint; RetainAllVariantProperties keeps what the fleet in service has, but for
            what ExcludeRetainedVariantProperties names.
        config: The new endpoint configuration.
        current: The fleet in service.
    """
    fleet = make_fleet(config)
    if not request.get("RetainAllVariantProperties"):
        return fleet
    excluded = {
        excluded["VariantPropertyType"] for excluded in request.get("ExcludeRetainedVariantProperties", [])
    }
    before = {variant["VariantName"]: variant for variant in current["ProductionVariants"]}
    for variant in fleet["ProductionVariants"]:
        for kind, member in _PROPERTIES.items():
            if (
                kind not in excluded
                and member in variant
                and member in before.get(variant["VariantName"], {})
            ):
                variant[member] = before[variant["VariantName"]][member]
    if "DataCaptureConfig" not in excluded:
        fleet.pop("DataCaptureConfig", None)
        if "DataCaptureConfig" in current:
            fleet["DataCaptureConfig"] = current["DataCaptureConfig"]
    return fleet


def is_serverless(fleet: Record) -> bool:
    """Returns whether a configuration or a fleet has no instances."""
    return any("ServerlessConfig" in variant for variant in fleet["ProductionVariants"])


def _list_images(variant: Record) -> list[Record]:
    model = MODELS.store.get(variant["ModelName"], {"Containers": []})
    return [
        {"SpecifiedImage": container["Image"], "ResolutionTime": records.now()}
        for container in list_containers(model)
        if "Image" in container
    ]
