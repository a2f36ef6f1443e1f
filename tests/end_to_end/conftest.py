"""One embedded cloud for the tests in this folder."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.embedded_cloud import EmbeddedCloud, succeeded


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A freshly started embedded cloud, bootstrapped for the CDK; stopped at the end whatever happened."""
    cloud = EmbeddedCloud(tmp_path_factory.mktemp("cloud") / "home")
    cloud.up()
    try:
        succeeded(
            cloud.run("node_modules/.bin/cdk", "bootstrap", "--app", "", "aws://000000000000/us-east-1")
        )
        yield cloud
    finally:
        cloud.local("down")
