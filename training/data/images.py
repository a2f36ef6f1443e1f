"""From encoded image to RGB pixels: the same reading and resizing in training and in serving."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.image_files import check_parts, check_pixels

FORMATS = ("PNG", "JPEG")
# 64 megapixels take 192 MB as pixels; what claims more is refused before memory is taken.
MAX_PIXELS = 64_000_000
MAX_LENGTH_TO_WIDTH = 100
"""Pillow keeps some bytes more for each row: a column of pixels takes ten times its own size."""
# Pillow warns and raises at limits of its own; the one above stands in for both.
Image.MAX_IMAGE_PIXELS = None

Pixels = NDArray[np.uint8]


class UnreadableImage(ValueError):
    """The bytes are not a whole PNG or JPEG within the limits; the text says what is wrong, in one line."""


def read_image(source: Path | bytes) -> Image.Image:
    """Returns the whole image as RGB.

    Raises:
        UnreadableImage: It is not PNG or JPEG, damaged, made of far too many parts, above ``MAX_PIXELS``, or
            longer and thinner than ``MAX_LENGTH_TO_WIDTH``.
    """
    # Pillow warns of oddities in metadata, thousands of times if it is told so: they do not matter here.
    warnings.filterwarnings("ignore", module="PIL")
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
        check_parts(content)
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if max(width, height) > MAX_LENGTH_TO_WIDTH * min(width, height):
                raise UnreadableImage(f"{width}x{height} pixels are too long and thin")
            if width * height <= MAX_PIXELS:
                if image.format == "PNG":
                    check_pixels(content)
                image.load()
                if image.mode == "P" and image.palette is None:
                    raise ValueError("its colours are numbers in a palette that is not there")
                if image.mode.startswith("I;16"):
                    # Pillow's own conversion would clip a grey image of 16 bits to white.
                    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
                return image.convert("RGB")
    except Image.UnidentifiedImageError:
        raise UnreadableImage("not a PNG or JPEG image") from None
    except UnreadableImage:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise UnreadableImage(f"damaged image: {error}") from None
    raise UnreadableImage(f"{width}x{height} pixels, at most {MAX_PIXELS:,} are allowed")


def resize_whole(image: Image.Image, height: int, width: int) -> Pixels:
    """Returns the whole image as uint8 (height, width, 3); like AWS's server it does not keep the aspect."""
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def resize_shortest(image: Image.Image, shortest: int | None) -> Pixels:
    """Returns uint8 (height, width, 3), the shortest side as given, or as it is for None, the aspect kept.

    Raises:
        UnreadableImage: It is so long and thin that the result would be above ``MAX_PIXELS``.
    """
    if shortest is not None:
        scale = shortest / min(image.size)
        size = (max(shortest, round(image.width * scale)), max(shortest, round(image.height * scale)))
        if size[0] * size[1] > MAX_PIXELS:
            raise UnreadableImage(f"{image.width}x{image.height} pixels are too long and thin to resize")
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image)
