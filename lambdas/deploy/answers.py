"""A model's accuracy by the answers for the validation split that a batch transform job left."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from lambdas.deploy.gate import ModelRefused
from lambdas.workflow.prediction import find_most_probable, read_probabilities

# As many as a client has connections.
READERS = 10
SUFFIX = ".out"
s3 = boto3.client("s3")


def measure_accuracy(bucket: str, prefix: str, labels: Mapping[str, int], classes: tuple[str, ...]) -> float:
    """Returns the share of pictures whose most probable class is the right one.

    Args:
        bucket: Bucket with the answers.
        prefix: Prefix of the answers; each key ends in its picture's path and ``.out``.
        labels: The right label of each picture by its path, ``class/file``; not empty.
        classes: Class names in label order.

    Raises:
        ModelRefused: An answer is missing, or one is not the classes' probabilities.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    answered = {"/".join(key.removesuffix(SUFFIX).split("/")[-2:]): key for key in keys}
    if missing := labels.keys() - answered.keys():
        raise ModelRefused(
            f"The model gave no answer for {len(missing)} of {len(labels)} validation pictures, "
            f"{min(missing)} among them"
        )

    def is_right(picture: tuple[str, int]) -> bool:
        path, label = picture
        answer = s3.get_object(Bucket=bucket, Key=answered[path])["Body"].read()
        try:
            inferences = read_probabilities(_unwrap(answer), classes)
        except ValueError as error:
            raise ModelRefused(f"The model's answer for the validation picture {path} is {error}") from None
        return find_most_probable(inferences, classes)[0] == classes[label]

    with ThreadPoolExecutor(READERS) as readers:
        return sum(readers.map(is_right, labels.items())) / len(labels)


def _unwrap(answer: bytes) -> Any:
    """Returns the list in an answer: the algorithm gives it bare, or as ``prediction`` of a JSON line.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
    """
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return answer
    return value.get("prediction") if isinstance(value, dict) else value
