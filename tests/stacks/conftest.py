"""The app synthesised once for all tests of this folder, and otherwise set thrice: each takes seconds."""

import fcntl
import json
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
    """The app with a threshold computed at deploy, an endpoint that scales and is scheduled, all alarms."""
    schedule = {"off": "0 20 ? * MON-FRI *", "on": "0 7 ? * MON-FRI *", "time_zone": "Europe/Berlin"}
    with share_folder(tmp_path_factory, "auto") as folder:
        return synthesise_and_check(
            folder,
            confidence_threshold="auto",
            endpoint_instance_type="ml.m5.large",
            endpoint_min_instances=2,
            endpoint_max_instances=4,
            endpoint_schedule=json.dumps(schedule),
            alarm_email="someone@example.org",
            alarm_no_traffic_hours="6",
            monthly_budget_usd="20",
        )


@pytest.fixture(scope="session")
def with_other_class(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app with a class of pictures that show none of the two, and a threshold computed at deploy."""
    with share_folder(tmp_path_factory, "other class") as folder:
        return synthesise(folder, other_class="other", confidence_threshold="auto")


@pytest.fixture(scope="session")
def with_artifact(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app with a model artifact in S3 in place of training."""
    with share_folder(tmp_path_factory, "artifact") as folder:
        return synthesise_and_check(folder, model_artifact="s3://another-bucket/trained/model.tar.gz")
