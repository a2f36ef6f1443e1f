"""One embedded cloud for the tests of a file, which depend on one another and end with the first failure."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.deployed_home import find_run_folder, start_deployed, start_empty
from tests.end_to_end.embedded_cloud import EmbeddedCloud

# The file, and its first test that failed.
FAILED: dict[Path, str] = {}


@pytest.fixture(scope="module")
def empty_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A freshly started embedded cloud, bootstrapped for the CDK."""
    with start_empty(tmp_path_factory.mktemp("cloud") / "home") as cloud:
        yield cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """An embedded cloud of the file's own, with what was deployed once for all."""
    run_folder = find_run_folder(tmp_path_factory)
    with start_deployed(run_folder, tmp_path_factory.mktemp("cloud") / "home") as cloud:
        yield cloud


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Notes the first test of a file that fails, its set-up included."""
    report = yield
    if report.failed:
        FAILED.setdefault(item.path, item.name)
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what follows a test that failed: it would fail too, or pass for want of anything to look at."""
    if item.path in FAILED:
        pytest.skip(f"{FAILED[item.path]} failed, on which this test depends")
