from collections.abc import Iterator

import pytest

from evaluation.deployment import Deployment
from tests.console.reviews.waiting_photos import deployed, empty


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    """One deployment for a file of tests: most of a test's time would go into making its clients."""
    with deployed() as it:
        yield it


@pytest.fixture
def deployment(deployment_of_module: Deployment) -> Deployment:
    """A deployment in which no photo was ever judged."""
    empty()
    return deployment_of_module
