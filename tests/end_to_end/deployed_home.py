"""One deployment from nothing for all tests of a run: a cloud begins with a copy of the home that it left."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from data_staging.sample import write_sample
from tests.end_to_end.embedded_cloud import App, EmbeddedCloud, succeeded
from tests.end_to_end.quick_training import QUICK_TRAINING

NAME = "scones-tests"
CLASSES = ("bicycle", "motorcycle")
TEST_PER_CLASS = 4
SETTINGS: dict[str, Any] = {
    "hyperparameters": QUICK_TRAINING,
    "accuracy_gate": 0.6,
    # The model is at least so sure of every photo.
    "confidence_threshold": 0.5,
    "endpoint_baking_seconds": 0,
    "monthly_budget_usd": 20,
}


def find_run_folder(factory: pytest.TempPathFactory) -> Path:
    """Returns a folder that all workers of one run of pytest know, and that no other run has."""
    folder = factory.getbasetemp()
    # The parent is the one folder that pytest-xdist's workers share; without them it belongs to every run.
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@contextmanager
def start_empty(home: Path) -> Iterator[EmbeddedCloud]:
    """Yields a new embedded cloud, bootstrapped for the CDK; stopped at the end whatever happened."""
    with _run(EmbeddedCloud(home)) as cloud:
        cdk = "node_modules/.bin/cdk"
        succeeded(cloud.run(cdk, "bootstrap", "--app", "", "aws://000000000000/us-east-1"))
        yield cloud


def deploy_once(run_folder: Path) -> Path:
    """Returns the home of a cloud that is down, with the deployment in it, for others to copy.

    Args:
        run_folder: As ``find_run_folder`` returns it. The first to come deploys, and the others wait.
    """
    folder = run_folder / "deployed"
    folder.mkdir(exist_ok=True)
    with (folder / "deploying.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home = folder / "home"
        if not home.exists():
            unfinished = folder / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            with start_empty(unfinished) as cloud:
                _deploy(App(cloud, NAME, SETTINGS, folder / "assembly"), folder / "drawn.tar.gz")
            # A server that starts empties it.
            shutil.rmtree(unfinished / "tmp")
            unfinished.rename(home)
    return home


@contextmanager
def start_deployed(run_folder: Path, home: Path) -> Iterator[EmbeddedCloud]:
    """Yields an embedded cloud with all stacks of ``NAME``, staged pictures and a trained model that serves.

    Args:
        run_folder: As ``find_run_folder`` returns it.
        home: Where its own home is made.
    """
    shutil.copytree(deploy_once(run_folder), home)
    with _run(EmbeddedCloud(home)) as cloud:
        yield cloud


@contextmanager
def _run(cloud: EmbeddedCloud) -> Iterator[EmbeddedCloud]:
    try:
        cloud.up()
        yield cloud
    finally:
        cloud.local("down")


def _deploy(app: App, archive: Path) -> None:
    write_sample(archive, train_per_class=60, test_per_class=TEST_PER_CLASS)
    succeeded(app.deploy("storage"))
    succeeded(app.stage(archive))
    succeeded(app.deploy())
