"""Reads the photos of a staged data set, from the deployment's bucket or from a folder."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from tqdm import tqdm

from evaluation.errors import EvaluationError

STAGING = "python data_staging/stage.py"
# As many as a client has connections.
READERS = 10


@dataclass(frozen=True)
class Photo:
    """A staged photo.

    Attributes:
        file: Its path in its split, ``class/name.png``.
        label: Index of its class.
        content: The file.
    """

    file: str
    label: int
    content: bytes


@dataclass(frozen=True)
class DataSet:
    """A staged data set (data_staging/dataset.py has the format).

    Attributes:
        id: Digest of its content.
        classes: Names in label order.
        files: What the manifest says of each file, by its path in the data set.
        read: Returns a file by that path.
    """

    id: str
    classes: tuple[str, ...]
    files: dict[str, dict[str, Any]]
    read: Callable[[str], bytes]

    def photos(self, split: str) -> list[Photo]:
        """Returns the photos of "train", "validation" or "test" in the order of their paths."""
        paths = sorted(path for path in self.files if path.startswith(f"{split}/"))
        pool = ThreadPoolExecutor(READERS)
        try:
            read = tqdm(
                pool.map(self.read, paths),
                desc=f"Reading {split}",
                total=len(paths),
                unit="photo",
                disable=None,
            )
            return [
                Photo(path.removeprefix(f"{split}/"), self.files[path]["label"], content)
                for path, content in zip(paths, read, strict=True)
            ]
        finally:
            pool.shutdown(cancel_futures=True)


def in_bucket(session: boto3.Session, bucket: str, data_set: str) -> DataSet:
    """Returns a data set that is staged in S3.

    Raises:
        EvaluationError: It is not there.
    """
    s3 = session.client("s3")

    def read(path: str) -> bytes:
        key = f"datasets/{data_set}/{path}"
        try:
            return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            raise EvaluationError(f"There is no s3://{bucket}/{key}: stage again with {STAGING}") from None

    return _data_set(read, f"s3://{bucket}/datasets/{data_set}/manifest.json")


def in_folder(folder: Path) -> DataSet:
    """Returns the data set that ``stage.py --out`` wrote into a folder.

    Raises:
        EvaluationError: There is none, or more than one.
    """
    manifests = sorted(folder.glob("datasets/*/manifest.json"))
    if len(manifests) != 1:
        raise EvaluationError(
            f"{folder} holds {len(manifests)} data sets: stage one with {STAGING} --out DIR"
        )

    def read(path: str) -> bytes:
        return (manifests[0].parent / path).read_bytes()

    return _data_set(read, str(manifests[0]))


def _data_set(read: Callable[[str], bytes], manifest: str) -> DataSet:
    try:
        content = json.loads(read("manifest.json"))
        return DataSet(content["dataset"], tuple(content["classes"]), content["files"], read)
    except (ValueError, LookupError, TypeError) as error:
        raise EvaluationError(
            f"{manifest} is no manifest of a data set ({type(error).__name__}): stage again with {STAGING}"
        ) from None
