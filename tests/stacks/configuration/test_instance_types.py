"""The instance types that may be set are SageMaker's own, by the model of its API that boto3 has."""

import re
from typing import Any

import pytest
from botocore.loaders import Loader

from stacks.configuration.instance_types import HOSTING, TRAINING, TRANSFORM

# Families whose processors or GPUs the algorithm's image is not made for.
FOREIGN = r"ml\.(?:[a-z]+[0-9]+g[a-z]*|inf[0-9]+|trn[0-9]+n?|dl[0-9]+|p[4-9][\w-]*|g[6-9]e?)\."


@pytest.fixture(scope="module")
def shapes() -> Any:
    """The shapes of SageMaker's API."""
    return Loader().load_service_model("sagemaker", "service-2")["shapes"]


@pytest.mark.parametrize(
    ("shape", "allowed"),
    [("TransformInstanceType", TRANSFORM), ("ProductionVariantInstanceType", HOSTING)],
)
def test_every_type_of_sagemaker_may_be_set_whose_processors_the_image_is_made_for(
    shapes: Any, shape: str, allowed: frozenset[str]
) -> None:
    known = set(shapes[shape]["enum"])
    assert allowed <= known
    assert known - allowed == {name for name in known if re.match(FOREIGN, name)}


def test_every_type_of_the_families_that_the_algorithm_trains_on_may_be_set(shapes: Any) -> None:
    known = shapes["TrainingInstanceType"]["enum"]
    assert {name for name in known if re.match(r"ml\.(g4dn|g5|p2|p3|p3dn)\.", name)} == TRAINING
