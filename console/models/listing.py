"""Lists the versions of the model, and says in words why each is in service or not."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from evaluation.deployment import Deployment, NotDeployed, SwitchedOff
from lambdas.deploy.models.versions import Version, list_versions
from lambdas.workflow import places
from stacks.configuration.settings import SettingError, read_name


@dataclass(frozen=True)
class Situation:
    """What decides why a version is in service or not.

    Attributes:
        served: Name of the model that the endpoint serves, None if there is none.
        is_off: Whether there is none because it is switched off.
        accepted: Name of the model that the training stack has taken.
        kept: The version that somebody went back to, None while the latest is asked for.
        gate: The accuracy that each version has to pass.
        there: Names of the models whose artifacts are in the bucket.
    """

    served: str | None
    is_off: bool
    accepted: str
    kept: int | None
    gate: float
    there: frozenset[str]


def describe_versions(deployment: Deployment) -> list[dict[str, Any]]:
    """Returns the versions, the newest first.

    Returns:
        For each ``version``, ``model``, ``accuracy``, ``dataset``, ``registered`` (Unix seconds), ``why`` in
        words, ``in_service``, and ``command``, which goes back to it, None where that would be refused.

    Raises:
        NotDeployed: Nothing is deployed, or by a version of this app that registers no models.
    """
    situation = _read_situation(deployment)
    versions = list_versions(deployment.client("sagemaker"), deployment.name)
    return [
        {
            "version": version.number,
            "model": version.model,
            "accuracy": version.accuracy,
            "dataset": version.dataset,
            "registered": version.registered.timestamp(),
            "in_service": version.model == situation.served,
            "why": explain(version, versions, situation),
            "command": (
                None
                if version.model == situation.accepted or _find_hindrance(version, versions, situation)
                else f"{name_console(deployment)} models use {version.number}"
            ),
        }
        for version in versions
    ]


def explain(version: Version, versions: list[Version], situation: Situation) -> str:
    """Returns in words why a version is in service or not."""
    current = _find_accepted(versions, situation)
    if version.model == situation.served:
        if current and current != version:
            return f"in service: the endpoint has not taken version {current.number}"
        return "in service, kept by models use" if version.number == situation.kept else "in service"
    if hindrance := _find_hindrance(version, versions, situation):
        return hindrance
    if version == current:
        return (
            "accepted; the endpoint is switched off" if situation.is_off else "accepted, but not in service"
        )
    if situation.kept is not None and version.number > situation.kept:
        return f"not in service: version {situation.kept} is kept by models use"
    return f"superseded by version {current.number}" if current else "superseded"


def tell_kept_version(deployment: Deployment) -> str | None:
    """Returns a line that says which version deploys keep; None while the latest is asked for."""
    try:
        kept = deployment.read_wanted_version()["version"]
    except NotDeployed:
        # The deployment is of a version of this app that knows no such choice.
        return None
    if kept == places.LATEST:
        return None
    console = name_console(deployment)
    return (
        f"Version {kept} of the model is kept, and nothing is trained, until {console} models use "
        f"{places.LATEST}"
    )


def name_console(deployment: Deployment) -> str:
    """Returns how commands on a deployment begin, which need its name where cdk.json has another."""
    with suppress(SettingError):
        if deployment.name == read_name():
            return "python -m console"
    return f"python -m console --name {deployment.name}"


def _read_situation(deployment: Deployment) -> Situation:
    wanted = deployment.read_wanted_version()
    served, is_off = None, False
    try:
        served = places.read_model_name(deployment.find_endpoint().artifact)
    except NotDeployed as error:
        is_off = isinstance(error, SwitchedOff)
    return Situation(
        served,
        is_off,
        places.read_model_name(deployment.artifact),
        None if wanted["version"] == places.LATEST else int(wanted["version"]),
        wanted["accuracy_gate"],
        frozenset(_list_artifacts(deployment)),
    )


def _list_artifacts(deployment: Deployment) -> list[str]:
    pages = deployment.client("s3").get_paginator("list_objects_v2")
    keys = [
        entry["Key"]
        for page in pages.paginate(Bucket=deployment.bucket, Prefix=places.MODELS)
        for entry in page.get("Contents", [])
    ]
    return [name for key in keys if key == places.model_key(name := key.split("/")[1])]


def _find_hindrance(version: Version, versions: list[Version], situation: Situation) -> str | None:
    """Returns why a version cannot be gone back to, None if nothing is known that hinders it."""
    if version.model not in situation.there:
        return "its artifact has expired"
    if version.accuracy < situation.gate:
        return f"below the gate of today, {situation.gate:g}"
    current = _find_accepted(versions, situation)
    if current and version.classes != current.classes:
        return f"of other classes than version {current.number}"
    return None


def _find_accepted(versions: list[Version], situation: Situation) -> Version | None:
    return next((version for version in versions if version.model == situation.accepted), None)
