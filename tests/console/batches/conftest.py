"""A deployment whose batches run in a stand-in for Step Functions."""

from collections.abc import Iterator

import pytest

from evaluation.deployment import Deployment
from tests.console.batches.batch_machine import BatchMachine, deployed, empty


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    """The deployment that all tests of a file share."""
    with deployed() as deployment:
        yield deployment


@pytest.fixture
def deployment(deployment_of_module: Deployment) -> Deployment:
    """The same with an empty bucket."""
    return empty(deployment_of_module)


@pytest.fixture
def machine(deployment: Deployment) -> Iterator[BatchMachine]:
    """Its Step Functions, in which no batch has run."""
    machine = BatchMachine(deployment)
    yield machine
    machine.close()
