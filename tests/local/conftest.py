"""One embedded cloud for all tests that deploy something small to it."""

from collections.abc import Iterator

import pytest

from tests.local.cloud_process import Cloud, free_port, local


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A freshly started embedded cloud, stopped at the end whatever happened."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud") / "home", free_port())
    started = local("up", "--home", cloud.home, "--port", str(cloud.port))
    assert started.returncode == 0, started.stderr
    yield cloud
    local("down", "--home", cloud.home)
