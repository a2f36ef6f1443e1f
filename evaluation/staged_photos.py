"""Reads the photos of a staged data set, from the deployment's bucket or from a folder."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from evaluation.deployment import Deployment, EvaluationError
from lambdas.workflow import places

STAGING = "python data_staging/stage.py"
# Enough to keep an endpoint of one small instance busy, and no burden to its other callers.
CONCURRENT_PHOTOS = 4
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
        other_class: The last of the classes, if that is of photos that show none of the others.
    """

    id: str
    classes: tuple[str, ...]
    files: dict[str, dict[str, Any]]
    read: Callable[[str], bytes]
    other_class: str | None = None

    @classmethod
    def in_bucket(cls, deployment: Deployment) -> "DataSet":
        """Returns the data set that is staged in a deployment's bucket.

        Raises:
            EvaluationError: Nothing is staged, or the manifest is not there or is none.
        """
        s3, bucket, data_set = deployment.client("s3"), deployment.bucket, deployment.data_set

        def read(path: str) -> bytes:
            key = places.data_set_key(data_set, path)
            try:
                return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                raise EvaluationError(
                    f"There is no {places.s3_uri(bucket, key)}: stage again with {STAGING}"
                ) from None

        return cls._parse(read, places.s3_uri(bucket, places.manifest_key(data_set)))

    @classmethod
    def in_folder(cls, folder: Path) -> "DataSet":
        """Returns the data set that ``stage.py --out`` wrote into a folder.

        Raises:
            EvaluationError: The folder has none, or more than one, or the manifest is none.
        """
        manifests = sorted(folder.glob(places.manifest_key("*")))
        if len(manifests) != 1:
            raise EvaluationError(
                f"{folder} holds {len(manifests)} data sets: stage one with {STAGING} --out DIR"
            )
        return cls._parse(lambda path: (manifests[0].parent / path).read_bytes(), str(manifests[0]))

    @classmethod
    def _parse(cls, read: Callable[[str], bytes], manifest: str) -> "DataSet":
        try:
            content = json.loads(read("manifest.json"))
            classes = tuple(content["classes"])
            return cls(content["dataset"], classes, content["files"], read, content.get("other_class"))
        except (ValueError, LookupError, TypeError) as error:
            raise EvaluationError(
                f"{manifest} is no manifest of a data set ({type(error).__name__}): "
                f"stage again with {STAGING}"
            ) from None

    def map_photos(self, split: str, description: str, function: Callable[[Photo], Result]) -> list[Result]:
        """Calls a function with each photo of a split; only a few photos are in memory at a time.

        Args:
            split: "train", "validation" or "test".
            description: Names the work in the progress bar.
            function: Takes a photo; several threads call it.

        Returns:
            What the function returned, in the order of the photos' paths.
        """
        paths = sorted(path for path in self.files if path.startswith(f"{split}/"))

        def call(path: str) -> Result:
            label = self.files[path]["label"]
            return function(Photo(path.removeprefix(f"{split}/"), label, self.read(path)))

        pool = ThreadPoolExecutor(CONCURRENT_PHOTOS)
        try:
            results = pool.map(call, paths)
            return list(tqdm(results, desc=description, total=len(paths), unit="photo", disable=None))
        finally:
            # After an error or Ctrl-C nobody waits for the photos that are still to be read.
            pool.shutdown(cancel_futures=True)
