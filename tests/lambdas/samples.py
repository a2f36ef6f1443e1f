"""The recorded events, and images made for the tests of the functions."""

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

# What reads photos cannot write this format, and what can is not to be what reads it in the tests.
Image.register_save(
    "HEIF", lambda image, file, _: pillow_heif.from_pillow(image).save(file, **image.encoderinfo)
)

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


def gradient(width: int, height: int) -> Image.Image:
    """Returns an RGB image with a gradient of its own in each channel."""
    return Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").resize((width, height)),
            Image.radial_gradient("L").resize((width, height)),
            Image.linear_gradient("L").rotate(90).resize((width, height)),
        ],
    )


def noise(width: int, height: int) -> Image.Image:
    """Returns an RGB image that hardly compresses."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 120) for _ in range(3)])


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """Returns a chunk of a PNG, its checksum right."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int, colour_type: int = 2) -> bytes:
    """A PNG of a few bytes whose header promises so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", pixels)
