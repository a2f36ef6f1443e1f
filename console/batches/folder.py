"""Uploads the photos of a folder for a batch: only those that are missing there or have changed."""

import hashlib
import os
from collections.abc import Iterator
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


@dataclass(frozen=True)
class Uploaded:
    """What became of a folder's files.

    Attributes:
        sent: How many photos were uploaded.
        kept: How many lay there already, the same byte for byte.
        gone: How many photos of the batch the folder no longer has; they stay in the batch.
        left_out: Paths of the files that are no photos by their names, are empty, or have names that S3 does
            not take, and of links to folders.
    """

    sent: int
    kept: int
    gone: int
    left_out: list[str]


def upload_folder(deployment: Deployment, source: Source) -> Uploaded:
    """Uploads a folder's photos, those of its subfolders too, under their paths in it.

    Raises:
        WrongSource: It has no photo.
        OSError: A file or folder cannot be read.
    """
    assert source.folder is not None
    photos: dict[str, Path] = {}
    left_out: list[str] = []
    for file in _list_files(source.folder):
        path = file.relative_to(source.folder).as_posix()
        if _is_photo(file) and _is_key(source.prefix + path):
            photos[source.prefix + path] = file
        else:
            left_out.append(path)
    if not photos:
        raise WrongSource(
            f"'{source.named[:200]}' has no photo: their names end in one of {', '.join(sorted(ENDINGS))}"
        )
    s3 = deployment.client("s3")
    there = {
        entry["Key"]: entry["ETag"].strip('"')
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=source.bucket, Prefix=source.prefix)
        for entry in page.get("Contents", [])
    }

    def put(item: tuple[str, Path]) -> bool:
        key, file = item
        # The ETag is the MD5 where S3 encrypts with its own keys; elsewhere the photo is sent again.
        if key in there and there[key] == _digest(file):
            return False
        with file.open("rb") as content:
            s3.put_object(Bucket=source.bucket, Key=key, Body=content)
        return True

    sent = sum(run_in_threads("Uploading", "photos", WORKERS, put, list(photos.items())))
    return Uploaded(sent, len(photos) - sent, len(there.keys() - photos.keys()), left_out)


def _list_files(folder: Path) -> Iterator[Path]:
    """Yields the files of a folder and its folders in the order of their names, but for hidden ones.

    A link to a folder is not followed, for it may lead back here: it is yielded as a file is.
    """

    def give_up(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=give_up):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in sorted([*names, *links]) if not name.startswith("."))


def _is_photo(file: Path) -> bool:
    return file.suffix.lower() in ENDINGS and file.is_file() and file.stat().st_size > 0


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
