"""Knows the staged pictures again when the endpoint was shown one of them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from console.executions.routing import UPLOAD_DIGITS
from lambdas.workflow.captured_line import CapturedBody

UNKNOWN = -1


class KnownPictures:
    """The staged pictures by digest. The workflow hands a small PNG to the endpoint as it was staged."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        """Takes a data set's manifest."""
        files: Mapping[str, Mapping[str, Any]] = manifest["files"]
        self._folder = f"datasets/{manifest['dataset']}/"
        self._files = {path: entry["label"] for path, entry in files.items()}
        self._uploads = {entry["sha256"][:UPLOAD_DIGITS]: entry["label"] for entry in files.values()}
        self._labels = {bytes.fromhex(entry["sha256"]): entry["label"] for entry in files.values()}
        self._sizes = {entry["bytes"] for entry in files.values()}

    def label_at(self, key: str) -> int:
        """Returns the label of the staged picture under a key, or of its upload under one, or UNKNOWN."""
        if key.startswith(self._folder):
            return self._files.get(key.removeprefix(self._folder), UNKNOWN)
        folder, _, rest = key.partition("/")
        return self._uploads.get(rest.partition("/")[0], UNKNOWN) if folder == "incoming" else UNKNOWN

    def label(self, picture: CapturedBody | None) -> int:
        """Returns the label of the staged picture that this is, or UNKNOWN.

        Raises:
            ValueError: The picture is no base64.
        """
        if picture is None or picture.size not in self._sizes:
            return UNKNOWN
        return self._labels.get(hashlib.sha256(picture.content()).digest(), UNKNOWN)
