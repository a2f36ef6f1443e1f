"""Finds the picture of a photo that waits or was judged."""

from typing import Protocol

from console.photo import NoPhoto, download
from evaluation.deployment import Deployment
from lambdas.workflow import places


class Located(Protocol):
    """A photo, by its id and by where it came from."""

    @property
    def photo(self) -> str:
        """Its id."""

    @property
    def bucket(self) -> str:
        """Its bucket."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def version(self) -> str:
        """Version of the object; empty for the latest."""


def read_picture(deployment: Deployment, photo: Located) -> bytes:
    """Returns the bytes of a photo's file: of the copy kept for review, or else of the photo itself.

    They are a stranger's: ``console.photo.reencode_photo`` makes them safe to show.

    Raises:
        NoPhoto: Neither is there, or may be read.
        ImageTooLarge: It has more bytes than the workflow reads.
    """
    s3 = deployment.client("s3")
    try:
        return download(s3, deployment.bucket, places.review_key(photo.photo, photo.key))
    except NoPhoto as error:
        missing = error
    try:
        return download(s3, photo.bucket, photo.key, version=photo.version)
    except NoPhoto as error:
        raise NoPhoto(f"{missing}, and {error}") from None
