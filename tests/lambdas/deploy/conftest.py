"""The cloud that the functions of a model's resource meet: for a trained model, for a given one, for both."""

from collections.abc import Iterator

import pytest

from tests.lambdas.deploy.deploy_cloud import Cloud, running_cloud


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """What the functions of a trained model meet."""
    with running_cloud("training", monkeypatch) as cloud:
        yield cloud


@pytest.fixture
def artifact(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """What the functions of a given model meet."""
    with running_cloud("artifact", monkeypatch) as cloud:
        yield cloud


@pytest.fixture(params=["training", "artifact"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """What the functions of either meet."""
    with running_cloud(request.param, monkeypatch) as cloud:
        yield cloud


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause; nothing really pauses."""
    slept: list[float] = []
    monkeypatch.setattr("lambdas.deploy.custom_resource.time.sleep", slept.append)
    return slept
