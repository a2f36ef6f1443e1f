"""The app synthesised once for all tests of this folder, and otherwise set thrice: each takes seconds."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stacks.synthesis import Assembly, synthesise, synthesise_and_check


@contextmanager
def share_folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Yields a folder of this run of pytest, to one of its workers at a time: the first fills it for all."""
    base = factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (run / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield run / name


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app as cdk.json sets it."""
    with share_folder(tmp_path_factory, "assembly") as folder:
        return synthesise_and_check(folder)


@pytest.fixture(scope="session")
def otherwise_set(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app under another name, serverless, and with data that stay."""
    with share_folder(tmp_path_factory, "otherwise") as folder:
        return synthesise(folder, name="other", endpoint_mode="serverless", remove_data_on_destroy="false")


@pytest.fixture(scope="session")
def with_auto(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app with a threshold that is computed at deploy."""
    with share_folder(tmp_path_factory, "auto") as folder:
        return synthesise_and_check(folder, confidence_threshold="auto")


@pytest.fixture(scope="session")
def with_artifact(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app with a model artifact in S3 in place of training."""
    with share_folder(tmp_path_factory, "artifact") as folder:
        return synthesise_and_check(folder, model_artifact="s3://another-bucket/trained/model.tar.gz")
