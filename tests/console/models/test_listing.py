"""What the list of a model's versions says of each, and which one it says is kept."""

from collections.abc import Callable

import boto3
import pytest

from console.models.listing import describe_versions, tell_kept_version
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import places
from tests.console.models.conftest import Want
from tests.console.server.served_endpoint import serving

Add = Callable[..., None]


def tell(deployment: Deployment) -> dict[int, str]:
    return {version["version"]: version["why"] for version in describe_versions(deployment)}


def test_each_version_has_its_figures_and_the_newest_is_first(
    deployment: Deployment, add: Add, want: Want
) -> None:
    add("scones--a", 0.9)
    add("scones--b", 0.96, dataset="d2ce")
    want("scones--b")
    with serving("scones--b"):
        newest, oldest = describe_versions(deployment)
    assert (newest["version"], newest["model"], newest["accuracy"]) == (2, "scones--b", 0.96)
    assert (newest["dataset"], newest["in_service"], newest["command"]) == ("d2ce", True, None)
    assert newest["registered"] >= oldest["registered"] > 1e9
    assert (oldest["in_service"], oldest["command"]) == (False, "python -m console models use 1")


def test_the_model_in_service_and_those_before_it_are_told_apart(
    deployment: Deployment, add: Add, want: Want
) -> None:
    for model in ("scones--a", "scones--b"):
        add(model)
    want("scones--b")
    with serving("scones--b"):
        assert tell(deployment) == {2: "in service", 1: "superseded by version 2"}


def test_a_version_that_is_kept_says_so_and_so_does_the_one_that_is_not_served_for_it(
    deployment: Deployment, add: Add, want: Want
) -> None:
    for model in ("scones--a", "scones--b", "scones--c"):
        add(model)
    want("scones--b", version="2")
    with serving("scones--b"):
        assert tell(deployment) == {
            3: "not in service: version 2 is kept by models use",
            2: "in service, kept by models use",
            1: "superseded by version 2",
        }


def test_what_would_be_refused_says_why_and_has_no_command(
    deployment: Deployment, add: Add, want: Want
) -> None:
    add("scones--a", 0.79)
    add("scones--b", classes=["motorcycle", "bicycle"])
    add("scones--c")
    add("scones--d")
    boto3.client("s3").delete_object(Bucket="scones-bucket", Key=places.model_key("scones--c"))
    want("scones--d")
    with serving("scones--d"):
        versions = {version["version"]: version for version in describe_versions(deployment)}
    assert {number: version["why"] for number, version in versions.items()} == {
        4: "in service",
        3: "its artifact has expired",
        2: "of other classes than version 4",
        1: "below the gate of today, 0.8",
    }
    assert not any(version["command"] for version in versions.values())


def test_an_endpoint_that_has_not_taken_the_model_is_told(
    deployment: Deployment, add: Add, want: Want
) -> None:
    for model in ("scones--a", "scones--b"):
        add(model)
    want("scones--b")
    with serving("scones--a"):
        assert tell(deployment) == {
            2: "accepted, but not in service",
            1: "in service: the endpoint has not taken version 2",
        }


def test_without_an_endpoint_nothing_is_in_service(deployment: Deployment, add: Add, want: Want) -> None:
    add("scones--a")
    want("scones--a")
    assert tell(deployment) == {1: "accepted, but not in service"}


def test_an_endpoint_that_is_switched_off_is_told(deployment: Deployment, add: Add, want: Want) -> None:
    add("scones--a")
    want("scones--a")
    for which, value in (("endpoint", "scones"), ("endpoint-switch", "off")):
        boto3.client("ssm").put_parameter(Name=f"/scones/{which}", Value=value, Type="String")
    assert tell(deployment) == {1: "accepted; the endpoint is switched off"}


def test_a_deployment_of_another_name_is_named_in_the_commands(
    deployment: Deployment, add: Add, want: Want, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.models.listing.read_name", lambda: "others")
    for model in ("scones--a", "scones--b"):
        add(model)
    want("scones--b", version="2")
    oldest = describe_versions(deployment)[-1]
    assert oldest["command"] == "python -m console --name scones models use 1"
    assert "python -m console --name scones models use latest" in (tell_kept_version(deployment) or "")


def test_only_a_kept_version_is_told_after_a_deploy(deployment: Deployment, add: Add, want: Want) -> None:
    assert tell_kept_version(deployment) is None
    want("scones--a")
    assert tell_kept_version(deployment) is None
    want("scones--a", version="3")
    assert tell_kept_version(deployment) == (
        "Version 3 of the model is kept, and nothing is trained, until python -m console models use latest"
    )


def test_a_deployment_that_registers_no_models_says_what_to_do(deployment: Deployment) -> None:
    with pytest.raises(NotDeployed, match="make deploy"):
        describe_versions(deployment)
