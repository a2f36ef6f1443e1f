"""Moves data between S3 and folders, under the names that AWS gives them."""

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

#: The most that a model may take on this disk; the algorithm's largest takes 260 MB.
MAX_UNPACKED_BYTES = 1 << 30
_PARALLEL_DOWNLOADS = 8
_ONE_THREAD = TransferConfig(use_threads=False)


class DataError(Exception):
    """Data that is missing, not allowed or damaged; the message is for the user."""


def split_uri(uri: str) -> tuple[str, str]:
    """Returns bucket and key of an ``s3://`` address.

    Raises:
        DataError: It is not one.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise DataError(f"'{uri}' is not an s3:// address.")
    return bucket, key.lstrip("/")


def list_keys(s3: Any, uri: str) -> Iterator[str]:
    """Yields all keys under an ``s3://`` prefix, without the empty objects that stand for folders.

    Raises:
        DataError: They cannot be listed.
    """
    bucket, prefix = split_uri(uri)
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if not item["Key"].endswith("/"):
                    yield item["Key"]
    except ClientError as error:
        raise DataError(f"Error message from S3: {error.response['Error']['Message']}.") from error


def download_prefix(s3: Any, uri: str, folder: Path) -> int:
    """Copies every object under a prefix into a folder, as File mode does.

    Args:
        s3: Client.
        uri: Prefix; an object whose whole key it is comes under its last name.
        folder: Made if it is not there.

    Returns:
        The number of objects.

    Raises:
        DataError: No object, no access, or keys that no folder can hold.
    """
    bucket, prefix = split_uri(uri)
    targets = {key: folder / resolve_key(prefix, key) for key in list_keys(s3, uri)}
    if not targets:
        raise DataError(f"No S3 objects found under S3 URL '{uri}'.")
    parents = {parent for target in targets.values() for parent in target.parents}
    for key, target in targets.items():
        if target in parents:
            raise DataError(f"The key '{key}' is an object and a folder of others: no disk can hold both.")
    for parent in {target.parent for target in targets.values()}:
        parent.mkdir(parents=True, exist_ok=True)

    def fetch(item: tuple[str, Path]) -> None:
        s3.download_file(bucket, item[0], str(item[1]), Config=_ONE_THREAD)

    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        try:
            list(pool.map(fetch, targets.items()))
        except ClientError as error:
            pool.shutdown(cancel_futures=True)
            raise DataError(f"Data download failed: {error.response['Error']['Message']}") from error
    return len(targets)


def upload(s3: Any, uri: str, body: bytes | BinaryIO, noun: str) -> None:
    """Stores an object at an ``s3://`` address.

    Raises:
        DataError: It cannot be stored; the message begins with the noun.
    """
    bucket, key = split_uri(uri)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise DataError(f"{noun} upload failed: {error.response['Error']['Message']}") from error


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a model.tar.gz of plain files and folders.

    An archive has no way to write outside the folder, whichever Python reads it: its links, through which
    later members could be led elsewhere, are refused, and so is a name that leads out. ``tarfile``'s own
    filters have let both through in some releases (CVE-2025-4517 among others).

    Raises:
        DataError: It is no whole gzipped tar archive, too large when unpacked, or has something else in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _BoundedGzip(archive) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as members:
                for member in members:
                    _write_member(members, member, folder)
            # To its end, where gzip's checksum is.
            while unpacked.read(1 << 16):
                pass
    # tarfile lets ValueError through for numbers and names in a header that are none.
    except (DataError, tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"The model archive cannot be unpacked: {error}") from error


def _write_member(members: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = folder / _resolve_path(member.name)
    # A sparse file may be larger by far than the bytes that it takes in the archive.
    if member.isreg() and not member.issparse():
        target.parent.mkdir(parents=True, exist_ok=True)
        with cast(BinaryIO, members.extractfile(member)) as content, target.open("wb") as file:
            shutil.copyfileobj(content, file)
    elif member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        raise DataError(f"'{member.name}' is neither a plain file nor a folder")


class _BoundedGzip(gzip.GzipFile):
    """A packed file that refuses to give too many bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._left = MAX_UNPACKED_BYTES

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise DataError(f"it unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        return block


def pack(folder: Path, archive: Path) -> bool:
    """Writes a folder's contents, without the folder, to a gzipped tar archive; False if there are none."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    if not entries:
        return False
    with tarfile.open(archive, "w:gz", compresslevel=1) as opened:
        for entry in entries:
            opened.add(entry, arcname=entry.name)
    return True


def resolve_key(prefix: str, key: str) -> PurePosixPath:
    """Returns the path of a key below a prefix, in File mode and in the output of batch transform.

    Raises:
        DataError: It would be outside.
    """
    rest = key[len(prefix) :]
    if not prefix.endswith("/") and not rest.startswith("/"):
        rest = prefix.rpartition("/")[2] + rest
    return _resolve_path(rest)


def _resolve_path(path: str) -> PurePosixPath:
    below = PurePosixPath(path.lstrip("/"))
    if ".." in below.parts:
        raise DataError(f"'{path}' would leave its folder.")
    return below
