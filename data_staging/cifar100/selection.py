"""Chooses the wanted classes out of the archive and splits their training pictures: content alone decides."""

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from data_staging.cifar100.archive import Archive, Rows
from data_staging.dataset import SPLITS, count_held_out, encode_png
from data_staging.errors import StagingError, shorten
from data_staging.photos import digest_pixels

# CIFAR-100 has as many.
MOST_SHOWN = 100
NAME_DIGITS = 12


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
    archive: Archive, classes: list[str], validation_fraction: float, other_class: str | None = None
) -> dict[str, list[ArchivePicture]]:
    """Returns the pictures of the wanted classes by split ("train", "validation", "test").

    With ``other_class`` there are those of one class more, the last: drawn from all classes that are not
    wanted, as evenly as there are pictures, and as many as a wanted class has on average.

    The validation split takes that fraction of each class's training pictures, chosen by the digest of their
    pixels: the same pictures wherever they stand in the archive. Each split is in the order of the digests
    too, because training follows the order of the list, and classes one after the other would train badly.

    Raises:
        StagingError: A class is unknown, named twice or without enough pictures, or the other class has the
            name of one of the archive's.
    """
    _check_classes(classes, archive.class_names)
    halves = []
    for label, name in enumerate(classes):
        index = archive.class_names.index(name)
        training = list(_find_pictures(archive.train, index, name, label))
        test = list(_find_pictures(archive.test, index, name, label))
        if len(training) < 2 or not test:
            raise StagingError(
                f"the archive has {len(training)} training and {len(test)} test pictures of '{name}'; "
                "at least 2 and 1 are needed: choose another class or the full archive"
            )
        halves.append((training, test))
    if other_class is not None:
        halves.append(_draw_others(archive, classes, other_class, halves))
    splits: dict[str, list[ArchivePicture]] = {split: [] for split in SPLITS}
    for training, test in halves:
        training.sort(key=_make_sort_key)
        validation = count_held_out(len(training), validation_fraction)
        splits["validation"] += training[:validation]
        splits["train"] += training[validation:]
        splits["test"] += test
    return {split: sorted(pictures, key=_make_sort_key) for split, pictures in splits.items()}


def _draw_others(
    archive: Archive,
    classes: list[str],
    other_class: str,
    halves: list[tuple[list[ArchivePicture], list[ArchivePicture]]],
) -> tuple[list[ArchivePicture], list[ArchivePicture]]:
    """Returns the training and the test pictures of the other class.

    Args:
        archive: Where they come from.
        classes: The wanted classes, of which none is drawn from.
        other_class: Name of the other class.
        halves: Training and test pictures of each wanted class.
    """
    if other_class in archive.class_names:
        raise StagingError(
            f"other_class is {other_class}, which is one of the archive's classes: give it another name, "
            "such as other, or name it among the classes"
        )
    origins = [name for name in archive.class_names if name not in classes]
    drawn = []
    for rows, counts in (
        (archive.train, [len(training) for training, _ in halves]),
        (archive.test, [len(test) for _, test in halves]),
    ):
        ranked = []
        for origin in origins:
            index = archive.class_names.index(origin)
            found = sorted(_find_pictures(rows, index, origin, len(classes)), key=_make_sort_key)
            ranked += [(rank, picture.digest, origin, picture) for rank, picture in enumerate(found)]
        # The first of each class, then the second of each: the digests say of which classes the last are.
        ranked.sort(key=lambda each: each[:3])
        chosen = {
            digest: replace(picture, path=f"{other_class}/{origin}-{digest[:NAME_DIGITS]}.png")
            for _, digest, origin, picture in ranked[: round(sum(counts) / len(counts))]
        }
        drawn.append(list(chosen.values()))
    training, test = drawn
    if len(training) < 2 or not test:
        raise StagingError(
            f"the archive has {len(training)} training and {len(test)} test pictures of other classes, "
            f"from which '{other_class}' is drawn; at least 2 and 1 are needed: take the full archive, or "
            "your own pictures (--images DIR)"
        )
    return training, test


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
