"""A data set ready to be written: its id, its list files and its manifest.

``manifest.json`` is one object:

- ``format``: ``MANIFEST_FORMAT``.
- ``dataset``, ``classes``: The id, and the class names in label order.
- ``other_class``: The last of them, if that is of pictures that show none of the others.
- ``source``: The fields of ``Source`` or ``FolderSource``, told apart by ``kind``. If people have labelled
  photos of the deployment, also those of ``LabelledSource``.
- ``splits``: ``count``, and the count of each of the ``classes``, by split.
- ``files``: ``sha256`` and ``bytes`` of each PNG file, and its ``label``, by the path in the data set.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from PIL import Image

MANIFEST_FORMAT = 1
SPLITS = ("train", "validation", "test")


class Picture(Protocol):
    """One picture of a data set."""

    @property
    def path(self) -> str:
        """Its path in its split's folder: ``class/name.png``."""

    @property
    def label(self) -> int:
        """Index of its class in the data set's classes."""

    @property
    def digest(self) -> str:
        """SHA-256 of its pixels, in hex."""

    def encode(self) -> bytes:
        """Returns it as a PNG file."""

    def digest_as_photo(self) -> str:
        """Returns SHA-256 of its size and pixels, in hex: the same of any two pictures that are copies."""


@dataclass(frozen=True)
class Source:
    """The archive that the pictures come from.

    Attributes:
        kind: "cifar-100", or "generated" for the drawn stand-in.
        archive: File name of the archive.
        md5: Its MD5, in hex.
        official: Whether it is the archive that CIFAR-100's authors publish.
    """

    kind: str
    archive: str
    md5: str
    official: bool


@dataclass(frozen=True)
class FolderSource:
    """The folder of own pictures that the pictures come from.

    Attributes:
        kind: Tells the manifest's readers that it is no archive.
        folder: Name of the folder.
        originals: Path in the folder of each picture's file, by the picture's path in the data set.
        left_out: Why each other file of the folder is left out, by its path in the folder.
    """

    kind: str = field(default="images", init=False)
    folder: str
    originals: dict[str, str]
    left_out: dict[str, str]


@dataclass(frozen=True)
class LabelledSource:
    """The photos that people have labelled, which the training split has beside the other pictures.

    Attributes:
        labelled: By each one's path in the data set what the table of outcomes has of it: ``photo`` (its id),
            ``bucket``, ``key``, ``version``, ``label``, ``reviewed_by`` and ``decided_at``. A label is a fact
            with who and when.
        labelled_left_out: Why each other labelled photo is left out, by its id.
    """

    labelled: dict[str, dict[str, str]]
    labelled_left_out: dict[str, str]


@dataclass(frozen=True)
class DataSet:
    """Pictures by split ("train", "validation", "test"), the classes in label order, and the sources.

    Where no photos were asked for that people have labelled, or there are none, ``labelled`` is None.
    ``other_class`` is the last of the classes, if that is of pictures that show none of the others.
    """

    classes: list[str]
    splits: Mapping[str, Sequence[Picture]]
    source: Source | FolderSource
    labelled: LabelledSource | None = None
    other_class: str | None = None

    @property
    def pictures(self) -> dict[str, Picture]:
        """All pictures by their paths in the data set."""
        return {
            f"{split}/{picture.path}": picture for split, chosen in self.splits.items() for picture in chosen
        }

    @property
    def id(self) -> str:
        """The first 16 hex digits of a SHA-256 over classes, other class, splits, paths, labels and pixels.

        Pixels, not PNG files: those differ with the version of zlib.
        """
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        if self.other_class is not None:
            # The same pictures with a third class to route to make another model's task.
            digest.update(f"\nother class\t{self.other_class}".encode())
        for line in sorted(
            f"\n{split}\t{picture.path}\t{picture.label}\t{picture.digest}"
            for split, pictures in self.splits.items()
            for picture in pictures
        ):
            digest.update(line.encode())
        return digest.hexdigest()[:16]

    def encode_lists(self) -> dict[str, bytes]:
        """Returns each split's ``.lst`` file, by its path in the data set.

        Its lines are ``index<TAB>label<TAB>path relative to the split's folder``.
        """
        return {
            f"{split}.lst": "".join(
                f"{index}\t{picture.label}\t{picture.path}\n" for index, picture in enumerate(pictures)
            ).encode()
            for split, pictures in self.splits.items()
        }

    def encode_manifest(self, files: Mapping[str, dict[str, Any]]) -> bytes:
        """Returns ``manifest.json``.

        Args:
            files: The entry that ``describe`` makes of each picture, by the picture's path in the data set.
        """
        content = {
            "format": MANIFEST_FORMAT,
            "dataset": self.id,
            "classes": self.classes,
            **({} if self.other_class is None else {"other_class": self.other_class}),
            "source": self.describe_source(),
            "splits": {split: self._count(pictures) for split, pictures in self.splits.items()},
            "files": dict(sorted(files.items())),
        }
        return encode_json(content)

    def describe_source(self) -> dict[str, Any]:
        """Returns the manifest's ``source``."""
        return asdict(self.source) | (asdict(self.labelled) if self.labelled is not None else {})

    def _count(self, pictures: Sequence[Picture]) -> dict[str, Any]:
        counts = Counter(picture.label for picture in pictures)
        return {
            "count": len(pictures),
            "classes": {name: counts[label] for label, name in enumerate(self.classes)},
        }


def describe(picture: Picture, content: bytes) -> dict[str, Any]:
    """Returns the manifest's entry for a picture, given its PNG file."""
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "label": picture.label,
    }


def encode_json(content: dict[str, Any]) -> bytes:
    """Returns a manifest as a file."""
    return (json.dumps(content, indent=1) + "\n").encode()


def count_held_out(count: int, fraction: float) -> int:
    """Returns how many of some pictures that fraction is: at least one, and never all of two or more."""
    return min(max(round(count * fraction), 1), count - 1)


def encode_png(image: Image.Image) -> bytes:
    """Returns the image as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
