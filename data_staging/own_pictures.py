"""Chooses the pictures of a folder with one subfolder a class: which files count, and in which split."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data_staging.dataset import SPLITS, count_held_out
from data_staging.errors import StagingError, shorten
from data_staging.photos import DECODERS, UnreadablePhoto, digest_pixels, encode_unchanged, read_photo
from data_staging.progress import run_in_threads

CLASS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""A name that may be part of an S3 key, of a line of a list file and of a list separated by commas."""
SYSTEMS_OWN = (
    *("__macosx", "icon\r"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("@eadir", "lost+found"),
)
"""What macOS, Windows and file servers put beside pictures, in lower case; the rest of it is hidden."""
LONGEST_LIST = 500
TEST_SHARE = 1 / 6
"""CIFAR-100's own: 100 of the 600 pictures of a class."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of a folder.

    Attributes:
        path: Relative to its split's folder: ``class/name-digits.png``.
        label: Index of its class in the data set's classes.
        digest: SHA-256 of the size and pixels that are staged of it, in hex.
        file: Path of its file.
        original: The same, relative to the folder.
    """

    path: str
    label: int
    digest: str
    file: Path
    original: str

    def encode(self) -> bytes:
        """Returns the picture as a PNG file.

        Raises:
            StagingError: The file has changed since it was found.
        """
        return encode_unchanged(lambda: read_photo(self.file), self.digest, shorten(self.original))

    def digest_as_photo(self) -> str:
        """Returns ``digest``."""
        return self.digest


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes:
        photos: Photos that differ.
        left_out: Why each other file is left out, by its path in the folder.
        hidden: Paths of the hidden files and folders, which are not looked at.
    """

    photos: list[Photo]
    left_out: dict[str, str]
    hidden: list[str]


def check_classes(folder: Path, classes: list[str], other_class: str | None = None) -> None:
    """Makes sure that a folder's subfolders are the classes, among which is ``other_class``.

    Raises:
        StagingError: They are not, or one has a name that cannot be a class's.
        OSError: The folder cannot be read.
    """
    if not folder.is_dir():
        raise StagingError(f"{folder} (--images) is no folder: give one that has a subfolder for each class")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and _counts(entry.name))
    if len(names) < 2:
        raise StagingError(
            f"{folder} has {len(names)} subfolders: two or more are needed, each with the pictures of a class"
        )
    for name in names:
        if not CLASS_NAME.fullmatch(name):
            raise StagingError(
                f"the subfolder {shorten(name)} of {folder} can give no class its name: rename it, with 1 to "
                "64 of A-Z, a-z, 0-9, _ and -, not starting with _ or -"
            )
    if sorted(classes) != names:
        if other_class is not None and other_class not in names:
            raise StagingError(
                f"{folder} has no subfolder {other_class}, for pictures that show none of the classes, as "
                'the setting other_class asks: make one, or set "other_class": "" in cdk.json'
            )
        listed = ", ".join(f'"{name}"' for name in names if name != other_class)
        wanted = ", ".join(classes)[:LONGEST_LIST]
        if len(listed) > LONGEST_LIST:
            raise StagingError(
                f"the {len(names)} subfolders of {folder} are not the classes, which are {wanted}"
            )
        raise StagingError(
            f"the subfolders of {folder} are {', '.join(names)}, but the classes are {wanted}: "
            f'set "classes": [{listed}] in cdk.json, or give --classes {",".join(names)} (in label order)'
        )


def find(folder: Path, classes: list[str], other_class: str | None = None) -> Found:
    """Reads every file in the subfolders, to the last one, but hidden ones and those that a system has added.

    Of files that show the same, pixel for pixel, the first counts; where they lie in folders of two classes,
    none does.

    Raises:
        StagingError: The folder's subfolders are not the classes.
        OSError: A folder cannot be read.
    """
    check_classes(folder, classes, other_class)
    skipped: list[Path] = [entry for entry in folder.iterdir() if not _counts(entry.name)]
    labels = {
        file: label for label, name in enumerate(classes) for file in _list_files(folder / name, skipped)
    }
    names = {file: file.relative_to(folder).as_posix() for file in labels}
    left_out = {
        entry.name: "in no subfolder, so that its class is not known"
        for entry in sorted(folder.iterdir())
        if not entry.is_dir() and _counts(entry.name)
    }
    same: dict[str, list[Path]] = {}
    outcomes = run_in_threads("Reading", "files", DECODERS, _digest, list(labels))
    for file, outcome in zip(labels, outcomes, strict=True):
        if isinstance(outcome, UnreadablePhoto):
            left_out[names[file]] = str(outcome)
        else:
            same.setdefault(outcome, []).append(file)
    photos = []
    for digest, (first, *copies) in same.items():
        others = [copy for copy in copies if labels[copy] != labels[first]]
        if others:
            left_out[names[first]] = f"the same picture as {shorten(names[others[0]])}, of another class"
        else:
            path = f"{classes[labels[first]]}/{_make_safe_name(first.stem, digest)}"
            photos.append(Photo(path, labels[first], digest, first, names[first]))
        for copy in copies:
            classed = ", of another class" if labels[copy] != labels[first] else ""
            left_out[names[copy]] = f"the same picture as {shorten(names[first])}{classed}"
    hidden = []
    for entry in sorted(skipped):
        original = entry.relative_to(folder).as_posix()
        if entry.name.startswith("."):
            hidden.append(original)
        else:
            left_out[original] = "of no use but to the system that has put it there"
    return Found(photos, left_out, hidden)


def split(photos: list[Photo], classes: list[str], validation_fraction: float) -> dict[str, list[Photo]]:
    """Returns the photos by split ("train", "validation", "test"), each class in each of them.

    The digests of their pixels choose a sixth of each class for the test, then that fraction of the others
    for the validation, and the order in each split.

    Raises:
        StagingError: A class has fewer than three photos.
    """
    by_label: list[list[Photo]] = [[] for _ in classes]
    for photo in sorted(photos, key=lambda photo: photo.digest):
        by_label[photo.label].append(photo)
    short = [
        f"'{name}' has {len(of_it)}" for name, of_it in zip(classes, by_label, strict=True) if len(of_it) < 3
    ]
    if short:
        raise StagingError(
            f"too few different pictures that can be read: {', '.join(short)[:LONGEST_LIST]}; at least 3 of "
            "each class are needed, one for each of training, validation and test"
        )
    splits: dict[str, list[Photo]] = {name: [] for name in SPLITS}
    for of_it in by_label:
        test = count_held_out(len(of_it) - 1, TEST_SHARE)  # of all but one, so that two are left
        validation = test + count_held_out(len(of_it) - test, validation_fraction)
        splits["test"] += of_it[:test]
        splits["validation"] += of_it[test:validation]
        splits["train"] += of_it[validation:]
    return {name: sorted(chosen, key=lambda photo: photo.digest) for name, chosen in splits.items()}


def _counts(name: str) -> bool:
    """Returns whether a file or folder of that name may be the user's own."""
    return not name.startswith(".") and name.lower() not in SYSTEMS_OWN


def _list_files(folder: Path, skipped: list[Path]) -> Iterator[Path]:
    """Yields all files in a folder and its folders, and the links to folders, in the order of names.

    Args:
        folder: The folder.
        skipped: Gets the files and folders that do not count.
    """

    def give_up(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=give_up):
        links = [name for name in folders if Path(place, name).is_symlink()]
        skipped += [Path(place, name) for name in (*folders, *names) if not _counts(name)]
        folders[:] = sorted(name for name in folders if _counts(name))
        yield from (Path(place, name) for name in sorted(names + links) if _counts(name))


def _make_safe_name(stem: str, digest: str) -> str:
    """Returns a name that is safe everywhere and no other picture's, and that reminds of the file's."""
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", stem)[:40].strip("-")
    return f"{readable or 'picture'}-{digest[:12]}.png"


def _digest(file: Path) -> str | UnreadablePhoto:
    """Returns the digest of a file's pixels, or why it has none."""
    try:
        return digest_pixels(read_photo(file))
    except UnreadablePhoto as unreadable:
        return unreadable
