"""The steps of staging that need no AWS: find the pictures, read them, choose from them, write a folder.

Those for a deployment are in ``deployment_steps.py``: boto3 takes a fifth of a second to import.
"""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from data_staging import folder, own_pictures
from data_staging.cifar100 import archive
from data_staging.cifar100.download import MD5, URL, compute_md5, download, find_cache_folder
from data_staging.cifar100.selection import select
from data_staging.dataset import DataSet, FolderSource, Source
from data_staging.errors import StagingError, shorten
from lambdas.workflow import places

LEFT_OUT_SHOWN = 10


def find_archive(given: Path | None) -> Path:
    """Returns the path of the archive: the given one, SCONES_CIFAR100's, the cached one or a fresh download.

    Raises:
        StagingError: There is none.
    """
    variable = os.environ.get("SCONES_CIFAR100")
    if given is None and not variable:
        return download(find_cache_folder())
    path, origin = (given, "--archive") if given is not None else (Path(variable or ""), "SCONES_CIFAR100")
    if path.is_dir():
        raise StagingError(
            f"{path} ({origin}) is no file but a folder: give the author's archive itself, {Path(URL).name}, "
            "as it was before somebody unpacked it"
        )
    if not path.is_file():
        raise StagingError(f"{path} ({origin}) is no file: give the path of a {Path(URL).name}")
    return path


def read_data_set(
    path: Path, classes: list[str], validation_fraction: float, other_class: str | None = None
) -> DataSet:
    """Reads an archive and chooses the wanted classes from it, and the other class if there is to be one.

    Raises:
        StagingError: The archive cannot be used, or it lacks a class.
        OSError: The archive cannot be read.
    """
    with ThreadPoolExecutor(1) as beside:
        summed = beside.submit(compute_md5, path)
        content = archive.read(path)
    md5 = summed.result()
    source = Source("generated" if content.generated else "cifar-100", path.name, md5, md5 == MD5)
    splits = select(content, classes, validation_fraction, other_class)
    return DataSet(add_other(classes, other_class), splits, source, other_class=other_class)


def read_own_pictures(
    images: Path, classes: list[str], validation_fraction: float, other_class: str | None = None
) -> DataSet:
    """Reads a folder of own pictures, and says which of its files are left out.

    Raises:
        StagingError: Its subfolders are not the classes, or one has too few pictures.
        OSError: A folder in it cannot be read.
    """
    classes = add_other(classes, other_class)
    found = own_pictures.find(images, classes, other_class)
    print_left_out({shorten(path): reason for path, reason in found.left_out.items()}, "source.left_out")
    if found.hidden:
        first = ", ".join(map(shorten, found.hidden[:3])) + (", ..." if len(found.hidden) > 3 else "")
        print(f"Left out: {len(found.hidden)} hidden files and folders ({first})", file=sys.stderr)
    splits = own_pictures.split(found.photos, classes, validation_fraction)
    originals = {
        f"{name}/{photo.path}": photo.original for name, photos in splits.items() for photo in photos
    }
    source = FolderSource(images.resolve().name, originals, found.left_out)
    return DataSet(classes, splits, source, other_class=other_class)


def add_other(classes: list[str], other_class: str | None) -> list[str]:
    """Returns the model's classes in label order, the other class last."""
    return classes if other_class is None else [*classes, other_class]


def write(data_set: DataSet, out: Path) -> tuple[str, bool]:
    """Writes a data set to a folder.

    Returns:
        Where it lies, and whether it had to be written.

    Raises:
        StagingError: It cannot be written.
    """
    return str(out / places.data_set_key(data_set.id)), folder.write(data_set, out)


def describe(data_set: DataSet, place: str, changed: bool) -> str:
    """Returns a sentence that says what was staged where."""
    counts = ", ".join(f"{len(pictures)} {split}" for split, pictures in data_set.splits.items())
    kind = " GENERATED" if data_set.source.kind == "generated" else ""
    return (
        f"{'Staged' if changed else 'Up to date'}: {place} ({counts}{kind} pictures of "
        f"{', '.join(data_set.classes)})"
    )


def print_left_out(left_out: Mapping[str, str], listed: str) -> None:
    """Prints the first of what is left out and why, and where in the manifest the others are listed."""
    for what, reason in list(left_out.items())[:LEFT_OUT_SHOWN]:
        print(f"Left out: {what} is {reason}", file=sys.stderr)
    if (more := len(left_out) - LEFT_OUT_SHOWN) > 0:
        print(f"Left out: {more} more; manifest.json names them all ({listed})", file=sys.stderr)
