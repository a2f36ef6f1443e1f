"""Chooses the wanted classes out of the archive and splits their training pictures: content alone decides."""

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from data_staging.cifar100.archive import Archive, Rows
from data_staging.dataset import SPLITS, count_held_out, encode_png
from data_staging.errors import StagingError, shorten
from data_staging.photos import digest_pixels

# CIFAR-100 has as many.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ArchivePicture:
    """One picture of the archive.

    Attributes:
        path: Relative to its split's folder: ``class/name.png``.
        label: Index of its class in the data set's classes.
        digest: SHA-256 of its pixels, in hex.
        row: uint8, shape (3072,): its pixels as in the archive (red, green, blue planes of 32x32).
    """

    path: str
    label: int
    digest: str
    row: npt.NDArray[np.uint8]

    def encode(self) -> bytes:
        """Returns the picture as a 32x32 RGB PNG file."""
        return encode_png(self._make_image())

    def digest_as_photo(self) -> str:
        """Returns what ``photos.digest_pixels`` makes of it: ``digest`` is of the archive's own form."""
        return digest_pixels(self._make_image())

    def _make_image(self) -> Image.Image:
        pixels = self.row.reshape(3, 32, 32).transpose(1, 2, 0)
        return Image.fromarray(np.ascontiguousarray(pixels))


def select(
    archive: Archive, classes: list[str], validation_fraction: float
) -> dict[str, list[ArchivePicture]]:
    """Returns the pictures of the wanted classes by split ("train", "validation", "test").

    The validation split takes that fraction of each class's training pictures, chosen by the digest of their
    pixels: the same pictures wherever they stand in the archive. Each split is in the order of the digests
    too, because training follows the order of the list, and classes one after the other would train badly.

    Raises:
        StagingError: A class is unknown, named twice or without enough pictures.
    """
    _check_classes(classes, archive.class_names)
    splits: dict[str, list[ArchivePicture]] = {split: [] for split in SPLITS}
    for label, name in enumerate(classes):
        index = archive.class_names.index(name)
        training = list(_find_pictures(archive.train, index, name, label))
        test = list(_find_pictures(archive.test, index, name, label))
        if len(training) < 2 or not test:
            raise StagingError(
                f"the archive has {len(training)} training and {len(test)} test pictures of '{name}'; "
                "at least 2 and 1 are needed: choose another class or the full archive"
            )
        training.sort(key=_make_sort_key)
        validation = count_held_out(len(training), validation_fraction)
        splits["validation"] += training[:validation]
        splits["train"] += training[validation:]
        splits["test"] += test
    return {split: sorted(pictures, key=_make_sort_key) for split, pictures in splits.items()}


def _make_sort_key(picture: ArchivePicture) -> tuple[str, str]:
    return picture.digest, picture.path


def _check_classes(classes: list[str], known: list[str]) -> None:
    if len(classes) < 2:
        raise StagingError(
            f"at least two classes are needed, given: {', '.join(each[:100] for each in classes) or 'none'}"
        )
    for position, name in enumerate(classes):
        if name not in known:
            close = difflib.get_close_matches(name.lower().replace(" ", "_"), known)
            there = ", ".join(known[:MOST_SHOWN]) + (", ..." if len(known) > MOST_SHOWN else "")
            advice = f"did you mean {' or '.join(close)}?" if close else f"there are {there}."
            raise StagingError(
                f"unknown class {shorten(name)}: {advice} For classes of your own pictures give --images DIR"
            )
        if name in classes[:position]:
            raise StagingError(f"class {shorten(name)} is named twice")


def _find_pictures(rows: Rows, index: int, class_name: str, label: int) -> Iterator[ArchivePicture]:
    """Yields the pictures of one class under names that differ by more than upper and lower case."""
    wanted = [row for row, row_label in enumerate(rows.labels) if row_label == index]
    digests = {row: hashlib.sha256(rows.pixels[row]).hexdigest() for row in wanted}
    taken = {rows.names[row].lower() for row in wanted}
    copies: Counter[str] = Counter()
    for row in sorted(wanted, key=lambda row: (rows.names[row], digests[row])):
        name = rows.names[row]
        stem = name.removesuffix(".png").lower()
        copies[stem] += 1
        if copies[stem] > 1:
            while (name := f"{stem}-{copies[stem]}.png") in taken:
                copies[stem] += 1
            taken.add(name)
        yield ArchivePicture(f"{class_name}/{name}", label, digests[row], rows.pixels[row])
