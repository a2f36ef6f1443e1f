"""What a day's photos are compared with: the validation pictures, and what the model answered for them."""

import json
from dataclasses import dataclass, field
from itertools import compress

import boto3

from lambdas.operations.drift_photos import Sample, measure_object
from lambdas.workflow import places
from lambdas.workflow.photos.appearance import Appearance

s3 = boto3.client("s3")

MOST_PICTURES = 1_000


@dataclass
class Baseline:
    """The validation split; empty where a model's answers are not kept.

    Attributes:
        confidences: Probability of each picture's most probable class.
        predicted: That class; empty where the answers were kept without it.
        looks: How up to 1,000 of the pictures look.
    """

    confidences: list[float] = field(default_factory=list)
    predicted: list[str] = field(default_factory=list)
    looks: list[Appearance] = field(default_factory=list)


def read_baseline(bucket: str, model: str, other_class: str | None) -> Baseline:
    """Returns the baseline of a model: of the data set that it was judged by last.

    What the model takes for ``other_class`` is left out, and so are the looks of the pictures of that class.
    How the pictures look is measured once for a data set, and kept beside the answers.
    """
    prefix = places.validation_answers_key(model, "").removesuffix(".json")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    kept = [(entry["LastModified"], entry["Key"]) for page in pages for entry in page.get("Contents", [])]
    if not kept:
        return Baseline()
    _, key = max(kept)
    answers = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    data_set = key.removeprefix(prefix).removesuffix(".json")
    confidences, predicted = answers["confidences"], answers.get("predicted", [])
    if other_class is not None:
        confidences = list(compress(confidences, [name != other_class for name in predicted]))
        predicted = [name for name in predicted if name != other_class]
    return Baseline(confidences, predicted, _read_looks(bucket, data_set, other_class))


def _read_looks(bucket: str, data_set: str, other_class: str | None) -> list[Appearance]:
    key = places.validation_looks_key(data_set)
    try:
        kept = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
        return [Appearance(*look) for look in kept]
    except s3.exceptions.NoSuchKey:
        looks = _measure_looks(bucket, data_set, other_class)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(looks).encode(), ContentType="application/json")
    return looks


def _measure_looks(bucket: str, data_set: str, other_class: str | None) -> list[Appearance]:
    sample = Sample(MOST_PICTURES)
    prefix = places.data_set_key(data_set, "validation/")
    others = places.data_set_key(data_set, f"validation/{other_class}/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            if other_class is None or not entry["Key"].startswith(others):
                sample.offer(entry["Key"], lambda key=entry["Key"]: key)  # type: ignore[misc]
    looks = (measure_object(bucket, key) for key in sample.list_photos())
    return [look for look in looks if look is not None]
