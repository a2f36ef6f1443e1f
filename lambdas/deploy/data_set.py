"""What a deploy reads of the data set that ``data_staging/`` left in the bucket."""

import json
from typing import Any

import boto3

from lambdas.deploy.gate import ModelRefused
from lambdas.workflow import places

STAGING_COMMAND = "python data_staging/stage.py"
s3 = boto3.client("s3")


def read_manifest(
    bucket: str, dataset: str, classes: list[str], other_class: str | None = None
) -> dict[str, Any]:
    """Returns the manifest of a data set of these classes, by which a model can be judged.

    Args:
        bucket: Bucket that it is staged in.
        dataset: Id of the data set.
        classes: Class names in label order, as the settings have them.
        other_class: The one of them that is of what is none of the others; None where there is none.

    Raises:
        ModelRefused: No data set is staged, its classes are others or in another order, or it has no
            validation pictures.
    """
    if dataset == places.NOT_STAGED:
        raise ModelRefused(f"No data set is staged: run {STAGING_COMMAND}, then deploy again")
    manifest = json.loads(_read(bucket, dataset, "manifest.json"))
    if manifest.get("other_class") != other_class:
        raise ModelRefused(
            f"Data set {dataset} has the other_class {manifest.get('other_class') or 'none'}, the setting "
            f"says {other_class or 'none'}: stage again with {STAGING_COMMAND}, or change the setting"
        )
    staged = manifest["classes"]
    if staged != classes:
        raise ModelRefused(
            f"Data set {dataset} has the classes {','.join(staged)}, the setting 'classes' "
            f"says {','.join(classes)}: stage again with {STAGING_COMMAND}, or change the setting"
        )
    if manifest["splits"]["validation"]["count"] == 0:
        raise ModelRefused(
            f"Data set {dataset} has no validation pictures: stage it with a larger validation_fraction"
        )
    return manifest


def read_validation_labels(bucket: str, dataset: str) -> dict[str, int]:
    """Returns the label of each validation picture by its path below ``validation/``.

    Raises:
        ModelRefused: The data set has no list of validation pictures.
    """
    lines = _read(bucket, dataset, "validation.lst").decode().splitlines()
    return {path: int(label) for _, label, path in (line.split("\t") for line in lines)}


def _read(bucket: str, dataset: str, file: str) -> bytes:
    key = places.data_set_key(dataset, file)
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise ModelRefused(
            f"Data set {dataset} is not in the bucket: there is no {places.s3_uri(bucket, key)}; "
            f"run {STAGING_COMMAND}, then deploy again"
        ) from None
