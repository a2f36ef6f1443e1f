"""A version of the model that somebody has gone back to: it is looked up and judged by what is known."""

from collections.abc import Mapping
from typing import Any

from lambdas.deploy.gate import ModelRefused, check_gate
from lambdas.deploy.jobs import sagemaker
from lambdas.deploy.models.kept import exists
from lambdas.deploy.models.proof import is_asked_for, prove_threshold
from lambdas.deploy.models.versions import Version, find_version
from lambdas.workflow import places


def is_chosen(properties: Mapping[str, Any]) -> bool:
    """Tells by the properties of a model's resource whether a version is named, instead of the latest."""
    # A stack that is rolled back to an older template has no such property.
    return bool(properties.get("ModelVersion", places.LATEST) != places.LATEST)


def find_chosen(properties: Mapping[str, Any]) -> Version:
    """Returns the version that the properties name, if what they ask for today lets it pass.

    Raises:
        ModelRefused: There is no such version, its artifact has expired, its classes are others, it is below
            the gate, or no threshold is proved for it.
    """
    number, bucket = properties["ModelVersion"], properties["Bucket"]
    command = f"{places.name_console(properties['Name'])} models"
    version = find_version(sagemaker, properties["Name"], number)
    if version is None:
        raise ModelRefused(f"There is no version {number} of the model: {command} lists them")
    if version.classes != places.name_variant(properties["Classes"]):
        raise ModelRefused(
            f"Version {number} of the model is of other classes, or of another order, than the setting "
            f"'classes' says: {command} use {places.LATEST} goes on without it"
        )
    if not exists(bucket, version.model):
        raise ModelRefused(
            f"The artifact of version {number} of the model has expired: {command} lists those still there"
        )
    check_gate(
        version.accuracy,
        gate=float(properties["AccuracyGate"]),
        model=f"of version {number}",
        log=f"{command} lists the others",
    )
    if is_asked_for(properties):
        remedy = f"go back to a version that has them ({command})"
        prove_threshold(properties, version.model, version.dataset, remedy=remedy)
    return version
