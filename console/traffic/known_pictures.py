"""Recognizes staged pictures, whose true class is known, among those that the endpoint was sent."""

import hashlib
from collections.abc import Mapping
from typing import Any

from console.executions.routing import UPLOAD_DIGITS
from lambdas.workflow import places
from lambdas.workflow.captured_line import CapturedBody

UNKNOWN = -1
UNTOLD = 0
"""The number of a picture that is not told from others."""
_NUMBERS = 2**32 - 1


def number_picture(content: str) -> int:
    """Returns a number, from 1 to 2^32 - 1, that is the same for the same content as long as Python runs.

    Of a hundred thousand pictures one pair or so shares its number, which is nothing where they are counted.
    """
    # Python keeps the hash of a text, and makes it faster than any digest.
    return hash(content) % _NUMBERS + 1


class KnownPictures:
    """The staged pictures by digest: the workflow sends a small PNG to the endpoint unchanged."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        """Reads a data set's manifest."""
        files: Mapping[str, Mapping[str, Any]] = manifest["files"]
        self._folder = places.data_set_key(manifest["dataset"])
        self._files = {path: entry["label"] for path, entry in files.items()}
        self._uploads = {entry["sha256"][:UPLOAD_DIGITS]: entry["label"] for entry in files.values()}
        self._paths = {bytes.fromhex(entry["sha256"]): path for path, entry in files.items()}
        self._sizes = {entry["bytes"] for entry in files.values()}

    def find_label_by_key(self, key: str) -> int:
        """Returns the label of the staged picture at a key, or of the one uploaded there, or UNKNOWN."""
        if key.startswith(self._folder):
            return self._files.get(key.removeprefix(self._folder), UNKNOWN)
        if not key.startswith(places.INCOMING):
            return UNKNOWN
        return self._uploads.get(key.removeprefix(places.INCOMING).partition("/")[0], UNKNOWN)

    def number_key(self, key: str) -> int:
        """Returns the number of the picture at a key: uploads of one picture have the same."""
        upload = key.removeprefix(places.INCOMING).partition("/")[0]
        return number_picture(upload if key.startswith(places.INCOMING) else key)

    def find_label(self, picture: CapturedBody | None) -> int:
        """Returns the label of the staged picture that a captured one is, or UNKNOWN.

        Raises:
            ValueError: The picture is no base64.
        """
        path = self.find_path(picture)
        return UNKNOWN if path is None else self._files[path]

    def find_path(self, picture: CapturedBody | None) -> str | None:
        """Returns the path in the data set of the staged picture that a captured one is, or None.

        Raises:
            ValueError: The picture is no base64.
        """
        if picture is None or picture.size not in self._sizes:
            return None
        return self._paths.get(hashlib.sha256(picture.decode()).digest())
