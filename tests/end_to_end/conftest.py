"""One embedded cloud for the tests in this folder."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from embedded_cloud import EmbeddedCloud, succeeded


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
