"""A deployment that keeps what becomes of photos, and an archive to stage for it."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from moto import mock_aws

from stacks.configuration import settings
from tests.data_staging.deployment_on_moto import deploy
from tests.data_staging.labelled.outcomes_on_moto import make_table


@pytest.fixture
def deployed() -> Iterator[None]:
    """A deployment "scones" with its bucket and its table of outcomes, nothing staged."""
    with mock_aws():
        deploy()
        make_table()
        yield


@pytest.fixture
def archive(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The drawn archive, which the environment names."""
    monkeypatch.setenv("SCONES_CIFAR100", str(drawn))
    return drawn


@pytest.fixture
def turn_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Returns a function that sets labels_in_training to false."""

    def write() -> None:
        path = tmp_path / "cdk.json"
        path.write_text(json.dumps({"context": {"scones": {"labels_in_training": False}}}))
        monkeypatch.setattr(settings, "read_cdk_json", partial(settings.read_cdk_json, path))

    return write
