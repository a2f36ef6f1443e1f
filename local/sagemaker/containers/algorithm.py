"""What runs where AWS would run a container: this project's own image-classification, as a subprocess."""

import os
import re
import sys
from pathlib import Path

#: Commands that take ``--root`` (and serving ``--port``) as in the algorithm's own command line.
TRAIN = [sys.executable, "-m", "training", "train"]
SERVE = [sys.executable, "-m", "training", "serve"]
#: Folder in which those commands are run.
WORKING_FOLDER = Path(__file__).resolve().parents[3]

_IMAGE = re.compile(r"(?:[^/]+/)*image-classification(?:[:@].+)?")


def refusal(image: str) -> str | None:
    """Returns why an image cannot be run here; None for AWS's built-in image classification."""
    if _IMAGE.fullmatch(image):
        return None
    return (
        f"The image '{image}' cannot be run by the embedded cloud: it has no containers, only its own "
        "image-classification algorithm. Use an image whose repository is named image-classification."
    )


def environment(extra: dict[str, str]) -> dict[str, str]:
    """Returns the environment of a container: ours without anything of AWS, plus what the request gives."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**inherited, "PYTHONUNBUFFERED": "1", **extra}
