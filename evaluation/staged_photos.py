"""Reads the photos of a staged data set, from the deployment's bucket or from a folder."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
from tqdm import tqdm

from evaluation.errors import EvaluationError

STAGING = "python data_staging/stage.py"
# Enough to keep an endpoint of one small instance busy, and no burden to what else it serves.
AT_A_TIME = 4
Result = TypeVar("Result")


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

    def each(self, split: str, what: str, work: Callable[[Photo], Result]) -> list[Result]:
        """Reads the photos of a split, a few at a time, and lets go of each once it is worked on.

        Args:
            split: "train", "validation" or "test".
            what: Names the work in the progress.
            work: Takes a photo; called from several threads.

        Returns:
            What the work returned, in the order of the photos' paths.
        """
        paths = sorted(path for path in self.files if path.startswith(f"{split}/"))

        def one(path: str) -> Result:
            label = self.files[path]["label"]
            return work(Photo(path.removeprefix(f"{split}/"), label, self.read(path)))

        pool = ThreadPoolExecutor(AT_A_TIME)
        try:
            return list(tqdm(pool.map(one, paths), desc=what, total=len(paths), unit="photo", disable=None))
        finally:
            # After an error or Ctrl-C nobody waits for the photos that are still to be read.
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
