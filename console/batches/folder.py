"""Uploads the photos of a folder for a batch: only those that are missing there or have changed."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from console.batches.sources import Source, WrongSource
from data_staging.progress import run_in_threads
from evaluation.deployment import Deployment

WORKERS = 16
ENDINGS = frozenset(
    (".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
)
"""How the names of photos end; the page's "Try it" takes the same out of a folder."""
LONGEST_KEY_BYTES = 1024
_BLOCK_BYTES = 2**20


_NO_PHOTO, _NO_KEY = "being no photos", "for S3 takes no such names"


@dataclass(frozen=True)
class Uploaded:
    """What became of a folder's files.

    Attributes:
        sent: How many photos were uploaded.
        kept: How many lay there already, the same byte for byte.
        gone: How many photos of the batch the folder no longer has; they stay in the batch.
        left_out: Paths of the files and folders that were left out, by the reason.
    """

    sent: int
    kept: int
    gone: int
    left_out: dict[str, list[str]]


def upload_folder(deployment: Deployment, source: Source) -> Uploaded:
    """Uploads a folder's photos, those of its subfolders too, under their paths in it.

    What cannot be read is left out.

    Raises:
        WrongSource: It has no photo, or none that can be read.
        OSError: The folder itself cannot be read.
    """
    folder = source.folder
    assert folder is not None
    left_out: defaultdict[str, list[str]] = defaultdict(list)

    def leave_out(path: Path, reason: str) -> None:
        left_out[reason].append(path.relative_to(folder).as_posix())

    photos: dict[str, Path] = {}
    for file in _list_files(folder, leave_out):
        key = source.prefix + file.relative_to(folder).as_posix()
        if reason := _refuse(file, key):
            leave_out(file, reason)
        else:
            photos[key] = file
    s3 = deployment.client("s3")
    there = {
        entry["Key"]: entry["ETag"].strip('"')
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=source.bucket, Prefix=source.prefix)
        for entry in page.get("Contents", [])
    }

    def put(item: tuple[str, Path]) -> bool | None:
        """Returns whether a photo was sent; None for one that cannot be read."""
        key, file = item
        try:
            # The ETag is the MD5 where S3 encrypts with its own keys; elsewhere the photo is sent again.
            if key in there and there[key] == _digest(file):
                return False
            with file.open("rb") as content:
                s3.put_object(Bucket=source.bucket, Key=key, Body=content)
        except OSError as error:
            leave_out(file, _explain(error))
            return None
        return True

    what = "Comparing and uploading" if there else "Uploading"
    done = run_in_threads(what, "photos", WORKERS, put, list(photos.items())) if photos else []
    sent, kept = done.count(True), done.count(False)
    if not sent + kept:
        reasons = ", ".join(f"{len(paths):,} left out {reason}" for reason, paths in sorted(left_out.items()))
        raise WrongSource(
            f"'{source.named[:200]}' has no photo, which is a file whose name ends in one of "
            f"{', '.join(sorted(ENDINGS))}: {reasons or 'it is empty'}"
        )
    told = {reason: sorted(paths) for reason, paths in sorted(left_out.items())}
    return Uploaded(sent, kept, len(there.keys() - photos.keys()), told)


def _list_files(folder: Path, leave_out: Callable[[Path, str], None]) -> Iterator[Path]:
    """Yields the files of a folder and its folders in the order of their names, but for hidden ones.

    A link to a folder is not followed, for it may lead back here: it is yielded as a file is.
    """

    def leave_out_folder(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error
        leave_out(Path(error.filename), _explain(error))

    for place, folders, names in os.walk(folder, onerror=leave_out_folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in sorted([*names, *links]) if not name.startswith("."))


def _refuse(file: Path, key: str) -> str | None:
    """Returns why a file is left out; None for a photo."""
    try:
        is_photo = file.suffix.lower() in ENDINGS and file.is_file() and file.stat().st_size > 0
    except OSError as error:
        return _explain(error)
    if not is_photo:
        return _NO_PHOTO
    return None if _is_key(key) else _NO_KEY


def _explain(error: OSError) -> str:
    return f"for they cannot be read ({error.strerror or error})"


def _is_key(key: str) -> bool:
    try:
        return len(key.encode()) <= LONGEST_KEY_BYTES
    except UnicodeEncodeError:
        return False


def _digest(file: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
