"""The two servers of the tests that leave them running: each test deploys under names of its own."""

from collections.abc import Iterator

import pytest

from tests.local.cloud_process import Cloud, free_port, local
from tests.local.sagemaker.server import Server, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A freshly started embedded cloud, stopped at the end whatever happened."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud") / "home", free_port())
    started = local("up", "--home", cloud.home, "--port", str(cloud.port))
    assert started.returncode == 0, started.stderr
    yield cloud
    local("down", "--home", cloud.home)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An embedded cloud whose SageMaker runs the stand-in for the algorithm, with a bucket and a role."""
    with running(tmp_path_factory.mktemp("sagemaker") / "home") as running_server:
        yield running_server
