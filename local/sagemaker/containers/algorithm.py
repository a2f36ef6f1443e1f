"""The commands that stand for AWS's container: this project's own image-classification, as a subprocess."""

import os
import re
import sys
from pathlib import Path

from local.sagemaker.containers.s3_data import DataError

#: Commands that take ``--root`` (and serving ``--port``) as in the algorithm's own command line.
TRAIN = [sys.executable, "-m", "training", "train"]
SERVE = [sys.executable, "-m", "training", "serve"]
#: Folder in which those commands are run.
WORKING_FOLDER = Path(__file__).resolve().parents[3]

_IMAGE = re.compile(r"(?:[^/]+/)*image-classification(?:[:@].+)?")


def is_image_classification(image: str) -> bool:
    """Returns whether an image is AWS's built-in image classification."""
    return _IMAGE.fullmatch(image) is not None


def check_image(image: str) -> None:
    """Raises ``DataError`` unless the image is AWS's built-in image classification."""
    if not is_image_classification(image):
        raise DataError(
            f"The image '{image}' cannot be run by the embedded cloud: it has no containers, only its own "
            "image-classification algorithm. Use an image whose repository is named image-classification."
        )


def build_environment(extra: dict[str, str]) -> dict[str, str]:
    """Returns the environment of a container: ours without anything of AWS, and the request's on top."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**inherited, "PYTHONUNBUFFERED": "1", **extra}
