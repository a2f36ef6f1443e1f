"""Moves data between the embedded cloud's S3 and folders, in the names that AWS gives them."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

#: What a model may take on this disk; the largest of the algorithm takes 260 MB.
MAX_UNPACKED_BYTES = 1 << 30
_PARALLEL_DOWNLOADS = 8
_ONE_THREAD = TransferConfig(use_threads=False)


class DataError(Exception):
    """Data that is not there, not allowed, or not what it should be; the message is for the user."""


def split(uri: str) -> tuple[str, str]:
    """Returns bucket and key of an ``s3://`` address.

    Raises:
        DataError: It is not one.
    """
    parts = urlparse(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise DataError(f"'{uri}' is not an s3:// address.")
    return parts.netloc, parts.path.lstrip("/")


def keys(s3: Any, uri: str) -> Iterator[str]:
    """Yields all keys that begin with the address's, without the empty objects that stand for folders.

    Raises:
        DataError: They cannot be listed.
    """
    bucket, prefix = split(uri)
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
        uri: Prefix; where it is a whole key, that one object comes under its last name.
        folder: Made if it is not there.

    Returns:
        How many objects came.

    Raises:
        DataError: No object, no access, or keys that no folder can hold.
    """
    bucket, prefix = split(uri)
    targets = {key: folder / place(prefix, key) for key in keys(s3, uri)}
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


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a model.tar.gz; nothing of it can land outside the folder.

    Raises:
        DataError: It is no whole gzipped tar archive, too large when unpacked, or not a harmless one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _BoundedGzip(archive) as unpacked:
            with tarfile.open(fileobj=unpacked, mode="r|") as opened:
                opened.extractall(folder, filter="data")
            # To its end, where gzip's checksum is.
            while unpacked.read(1 << 16):
                pass
    # tarfile lets ValueError through for numbers and names in a header that are none.
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"The model archive cannot be unpacked: {error}") from error


class _BoundedGzip(gzip.GzipFile):
    """A packed file that refuses to give too many bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._left = MAX_UNPACKED_BYTES

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise DataError(f"The model archive unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        return block


def pack(folder: Path, archive: Path) -> bool:
    """Writes what is in a folder to a gzipped tar archive, without the folder; False if it is empty."""
    entries = sorted(_entries(folder))
    if not entries:
        return False
    with tarfile.open(archive, "w:gz", compresslevel=1) as opened:
        for entry in entries:
            opened.add(entry, arcname=entry.name)
    return True


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()


def place(prefix: str, key: str) -> PurePosixPath:
    """Returns where a key lies below a prefix, in File mode and in the output of batch transform.

    Raises:
        DataError: That would be outside of it.
    """
    rest = key[len(prefix) :]
    if not prefix.endswith("/") and not rest.startswith("/"):
        rest = prefix.rpartition("/")[2] + rest
    below = PurePosixPath(rest.lstrip("/"))
    if ".." in below.parts:
        raise DataError(f"The key '{key}' would leave the folder of its prefix.")
    return below
