"""Reads a photo as the picture that serving shows the model of it, so that training sees the same."""

import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from data_staging.dataset import encode_png
from data_staging.errors import StagingError
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
        check_length(file.stat().st_size)
        return decode_photo(file.read_bytes)
    except OSError as error:
        raise UnreadablePhoto(f"not readable: {error.strerror}") from None


def check_length(size: int) -> None:
    """Makes sure that a photo of so many bytes is read at all.

    Raises:
        UnreadablePhoto: It is not.
    """
    if size > MAX_BYTES:
        raise UnreadablePhoto(f"{size} bytes long: at most {MAX_BYTES} are read")


def decode_photo(read: Callable[[], bytes]) -> Image.Image:
    """Returns what the workflow's serialize function would send the model of a photo, decoded.

    Args:
        read: Returns the photo's bytes. It is called when they have a place in memory too.

    Raises:
        UnreadablePhoto: The function would refuse the photo.
    """
    with _decoding:
        content = read()
        try:
            served = make_small_image(content, MAX_IMAGE_BYTES)
        except (InvalidImage, ImageTooLarge) as error:
            raise UnreadablePhoto(str(error)) from None
    image = Image.open(io.BytesIO(served))
    image.load()
    return image


def encode_unchanged(read: Callable[[], Image.Image], digest: str, name: str) -> bytes:
    """Returns a picture that is read a second time as a PNG file: all pixels at once may not fit into memory.

    Args:
        read: Returns the picture, or raises UnreadablePhoto.
        digest: What ``digest_pixels`` returned of it the first time.
        name: What a message calls it.

    Raises:
        StagingError: It has changed since then.
    """
    try:
        image = read()
    except UnreadablePhoto:
        image = None
    if image is None or digest_pixels(image) != digest:
        raise StagingError(f"{name} was changed meanwhile: run it again")
    return encode_png(image)


def digest_pixels(image: Image.Image) -> str:
    """Returns the SHA-256 of an RGB image's size and pixels, in hex."""
    digest = hashlib.sha256(f"{image.width}x{image.height}\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()
