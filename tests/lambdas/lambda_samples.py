"""The recorded events, and images made for the tests of the functions."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

EVENTS = Path(__file__).parent.parent / "events"
# Where the recorded events' photo lies.
BUCKET = "sagemaker-us-east-1-123456789012"
KEY = "test/bicycle_s_000513.png"


def recorded(function: str) -> list[Any]:
    """Returns the recorded events of one function as test parameters, named by their files."""
    paths = sorted((EVENTS / function).glob("*.json"))
    assert paths
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in paths]


def saved(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """Returns the image's file in the format."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    """Returns the decoded image."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
