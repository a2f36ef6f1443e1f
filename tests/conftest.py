"""No test sees the caller's AWS account, nor inherits what the caller's shell happens to hold."""

import gc
import os
import time
from functools import cache
from pathlib import Path

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

# Nothing that is imported is ever garbage: looking through it again and again takes a third of the time.
gc.disable()

# Neither luck nor a neighbour's load decides whether a test passes.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


class Folders(list[str]):
    """Folders that boto3 names anew with each session."""

    def append(self, folder: str) -> None:
        """Adds a folder that is not there yet."""
        if folder not in self:
            super().append(folder)


@cache
def share_loader(*arguments: str | None) -> botocore.loaders.Loader:
    """Returns one loader for all sessions: reading AWS's models again takes half of a test's time."""
    loader = create_loader(*arguments)
    vars(loader)["_search_paths"] = Folders(loader.search_paths)
    return loader


create_loader = botocore.loaders.create_loader
botocore.session.create_loader = share_loader


def begin_execution(worker: ExecutionWorker) -> None:
    """Returns once an execution has begun on its thread: moto fails to stop one that has not."""
    start_thread(worker)
    deadline = time.monotonic() + BEGINNING_SECONDS
    while worker.env is None and time.monotonic() < deadline:
        time.sleep(0.001)


BEGINNING_SECONDS = 30
start_thread = ExecutionWorker.start
ExecutionWorker.start = begin_execution  # type: ignore[method-assign]

OBJECTS_BETWEEN_COLLECTIONS = (10_000, 10, 10)

FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spreads the files that deploy over the run: half of their time they need no processor, others do."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    deploying = [file for file in files if "end_to_end" in file.parts]
    order = [file for file in files if file not in deploying]
    distance = len(order) // (len(deploying) + 1)
    for number, file in enumerate(deploying):
        order.insert(number * (distance + 1), file)
    items[:] = [item for file in order for item in files[file]]


def pytest_collection_finish() -> None:
    """Has garbage looked for among what the tests make alone, and less often: they make and keep much."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*OBJECTS_BETWEEN_COLLECTIONS)
    gc.enable()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake credentials, no endpoint and no profile for every test."""
    for variable in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_CA_BUNDLE"]:
        monkeypatch.delenv(variable)
    for variable, value in FAKE_AWS.items():
        monkeypatch.setenv(variable, value)
