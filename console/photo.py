"""Makes strangers' photos safe to show: decoded here and encoded anew, small and without metadata."""

import threading
from typing import Any

from botocore.exceptions import ClientError

from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from lambdas.workflow.event import MAX_IMAGE_BYTES
from lambdas.workflow.photos.photo import MAX_BYTES, make_small_image
from lambdas.workflow.places import s3_uri

WHOLE = "bytes=0-"
MOST_SHOWN = 100
"""Characters of a key: whoever asked for an endless one does not get it back."""
LARGE_BYTES, LARGE_PIXELS = 2**22, 2_000_000
# The largest photo takes most of a gigabyte while it is decoded.
_decoding = threading.Lock()


class NoPhoto(Exception):
    """There is no such photo (any more), or it may not be read."""


def reencode_photo(content: bytes, *, large: bool = False) -> tuple[bytes, str]:
    """Returns a photo as the model sees it, and its media type.

    Args:
        content: The file's bytes, whatever they are.
        large: Whether it is to fill a screen.

    Raises:
        InvalidImage, ImageTooLarge: The workflow's serialize function would refuse it too.
    """
    with _decoding:
        limits = (LARGE_BYTES, LARGE_PIXELS) if large else (MAX_IMAGE_BYTES,)
        image = make_small_image(content, *limits)
    return image, "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"


def download(s3: Any, bucket: str, key: str, byte_range: str = WHOLE, version: str = "") -> bytes:
    """Returns the bytes of a photo in S3, or of the part of an object that has one.

    Args:
        s3: Client.
        bucket: The object's bucket.
        key: Its key.
        byte_range: The part, as the header ``Range`` of HTTP has it.
        version: The object's version; empty for the latest.

    Raises:
        NoPhoto: It is not there, or may not be read.
        InvalidImage: It is empty.
        ImageTooLarge: It has more bytes than the workflow's serialize function reads.
    """
    versioned = {"VersionId": version} if version else {}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, Range=byte_range, **versioned)
    except ClientError as error:
        shown = s3_uri(bucket, key[:MOST_SHOWN])
        code = error.response["Error"]["Code"]
        # An empty object has no part, not even the one that is all of it.
        if code == "InvalidRange" and byte_range == WHOLE:
            raise InvalidImage(f"{shown} is empty") from None
        raise NoPhoto(f"{shown} cannot be read: {code}") from None
    with answer["Body"] as body:
        if answer["ContentLength"] > MAX_BYTES:
            raise ImageTooLarge(f"{answer['ContentLength']} bytes long: at most {MAX_BYTES} are read")
        return body.read()
