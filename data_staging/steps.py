"""The steps of staging: find the pictures, read them, choose from them, put the data set in its place."""

import os
import sys
from pathlib import Path

from data_staging import deployment, folder, own_pictures
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


def keep_own_pictures(name: str, bucket_name: str | None, classes: list[str]) -> str | None:
    """Returns a sentence that says which own pictures a deployment keeps, or None if it has none.

    CIFAR-100 takes their place only where somebody names an archive: a deploy that is run again without
    naming the folder again must not train on something else.

    Raises:
        StagingError: They are of other classes than these, or AWS cannot be asked.
    """
    staged = deployment.read_staged_own_pictures(name, bucket_name)
    if staged is None:
        return None
    place, staged_classes = staged
    if staged_classes != classes:
        raise StagingError(
            f"own pictures of {', '.join(staged_classes)} are staged ({place}), but the classes are "
            f"{', '.join(classes)}: give --images DIR for those, or --archive PATH for CIFAR-100's"
        )
    return (
        f"Kept: {place} (own pictures of {', '.join(classes)}; --images DIR stages a folder anew, "
        "--archive PATH goes back to CIFAR-100)"
    )


def read_data_set(path: Path, classes: list[str], validation_fraction: float) -> DataSet:
    """Reads an archive and chooses the wanted classes from it.

    Raises:
        StagingError: The archive cannot be used, or it lacks a class.
        OSError: The archive cannot be read.
    """
    content = archive.read(path)
    md5 = compute_md5(path)
    source = Source("generated" if content.generated else "cifar-100", path.name, md5, md5 == MD5)
    return DataSet(classes, select(content, classes, validation_fraction), source)


def read_own_pictures(images: Path, classes: list[str], validation_fraction: float) -> DataSet:
    """Reads a folder of own pictures, and says which of its files are left out.

    Raises:
        StagingError: Its subfolders are not the classes, or one has too few pictures.
        OSError: A folder in it cannot be read.
    """
    found = own_pictures.find(images, classes)
    for path, reason in list(found.left_out.items())[:LEFT_OUT_SHOWN]:
        print(f"Left out: {shorten(path)} is {reason}", file=sys.stderr)
    if (more := len(found.left_out) - LEFT_OUT_SHOWN) > 0:
        print(f"Left out: {more} more; manifest.json names them all (source.left_out)", file=sys.stderr)
    if found.hidden:
        first = ", ".join(map(shorten, found.hidden[:3])) + (", ..." if len(found.hidden) > 3 else "")
        print(f"Left out: {len(found.hidden)} hidden files and folders ({first})", file=sys.stderr)
    splits = own_pictures.split(found.photos, classes, validation_fraction)
    originals = {
        f"{name}/{photo.path}": photo.original for name, photos in splits.items() for photo in photos
    }
    return DataSet(classes, splits, FolderSource(images.resolve().name, originals, found.left_out))


def stage(data_set: DataSet, name: str, bucket_name: str | None, out: Path | None) -> str:
    """Writes a data set to a folder, or uploads it for a deployment.

    Returns:
        A sentence that says what was done.

    Raises:
        StagingError: The data set cannot be written or uploaded.
    """
    if out is None:
        place, changed = deployment.stage_to_s3(data_set, name, bucket_name)
    else:
        changed = folder.write(data_set, out)
        place = str(out / places.data_set_key(data_set.id))
    counts = ", ".join(f"{len(pictures)} {split}" for split, pictures in data_set.splits.items())
    kind = " GENERATED" if data_set.source.kind == "generated" else ""
    return (
        f"{'Staged' if changed else 'Up to date'}: {place} ({counts}{kind} pictures of "
        f"{', '.join(data_set.classes)})"
    )
