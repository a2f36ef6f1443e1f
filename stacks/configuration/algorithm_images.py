"""Where AWS keeps the image of its built-in image-classification algorithm."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path


@dataclass(frozen=True)
class Registries:
    """The image as SageMaker's SDK knows it.

    Attributes:
        repository: Name of its repository.
        accounts: By region, the account of AWS that the repository lies in.
    """

    repository: str
    accounts: dict[str, str]


@cache
def read_registries() -> Registries:
    """Returns where the image lies.

    The SDK is not imported: that takes seconds, and it reads all endpoints of AWS anew for each region.
    """
    file = distribution("sagemaker-core").locate_file("sagemaker/core/image_uri_config")
    image = json.loads((Path(str(file)) / "image-classification.json").read_text())["versions"]["1"]
    return Registries(image["repository"], dict(sorted(image["registries"].items())))
