"""One embedded SageMaker for all tests that leave it running; each uses names of its own."""

from collections.abc import Iterator

import pytest

from tests.local.sagemaker.server import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a bucket and a role, stopped at the end whatever happened."""
    with running(tmp_path_factory.mktemp("sagemaker") / "home") as running_server:
        yield running_server
