"""Reads a photo file as the picture that serving shows the model of it, so that training sees the same."""

import hashlib
import io
import os
import threading
from pathlib import Path

from PIL import Image

from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from lambdas.workflow.event import MAX_IMAGE_BYTES
from lambdas.workflow.photos.photo import MAX_BYTES, make_small_image

DECODERS = min(4, os.cpu_count() or 1)
# The pixels of a photo take up to 800 MB while it is decoded, however many threads ask for one.
_decoding = threading.BoundedSemaphore(DECODERS)


class UnreadablePhoto(Exception):
    """No picture can be made of the file; the message goes on from "it is"."""


def read_photo(file: Path) -> Image.Image:
    """Returns what the workflow's serialize function would send the model, decoded.

    Raises:
        UnreadablePhoto: It would refuse the file.
    """
    try:
        if not file.is_file():
            raise UnreadablePhoto("no file (links to folders are not followed)")
        if (size := file.stat().st_size) > MAX_BYTES:
            raise UnreadablePhoto(f"{size} bytes long: at most {MAX_BYTES} are read")
        with _decoding:
            served = make_small_image(file.read_bytes(), MAX_IMAGE_BYTES)
    except (InvalidImage, ImageTooLarge) as error:
        raise UnreadablePhoto(str(error)) from None
    except OSError as error:
        raise UnreadablePhoto(f"not readable: {error.strerror}") from None
    image = Image.open(io.BytesIO(served))
    image.load()
    return image


def digest_pixels(image: Image.Image) -> str:
    """Returns the SHA-256 of an RGB image's size and pixels, in hex."""
    digest = hashlib.sha256(f"{image.width}x{image.height}\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()
