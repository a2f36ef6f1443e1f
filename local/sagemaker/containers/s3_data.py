"""Moves data between S3 and folders, under the names that AWS gives them."""

import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from training import tar_gz

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

    Raises:
        DataError: It is no whole gzipped tar archive, too large when unpacked, or has something else in it.
    """
    try:
        tar_gz.unpack(archive, folder)
    except (tar_gz.InvalidArchive, OSError) as error:
        raise DataError(f"The model archive cannot be unpacked: {error}") from error


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
    below = PurePosixPath(rest.lstrip("/"))
    if ".." in below.parts:
        raise DataError(f"'{rest}' would leave its folder.")
    return below
