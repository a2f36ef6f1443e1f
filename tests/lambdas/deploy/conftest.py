"""The cloud that the functions of a model's resource meet: for a trained model, for a given one, for both."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

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
    # In that module alone: a thread of the embedded cloud that another test has started sleeps too.
    clock = SimpleNamespace(sleep=slept.append, time=time.time, monotonic=time.monotonic)
    monkeypatch.setattr("lambdas.deploy.custom_resource.time", clock)
    return slept
