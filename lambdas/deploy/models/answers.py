"""A model's answers for the validation split that a batch transform job left, and what is kept of them."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

import boto3

from lambdas.deploy.gate import ModelRefused
from lambdas.workflow import places
from lambdas.workflow.prediction import find_most_probable, read_probabilities

# As many as a client has connections.
READERS = 10
SUFFIX = ".out"
s3 = boto3.client("s3")


@dataclass(frozen=True)
class Answers:
    """What is kept of a model's answers, picture by picture; there is one at least.

    Attributes:
        confidences: Probability of each picture's most probable class.
        right: For each picture whether that class is the right one.
        predicted: That class of each picture; empty in what was kept before it was kept too.
    """

    confidences: list[float]
    right: list[bool]
    predicted: list[str] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """The share of pictures whose most probable class is the right one."""
        return sum(self.right) / len(self.right)

    def leave_out(self, other_class: str | None) -> list[tuple[float, bool]]:
        """Returns confidence and rightness of each picture that a threshold decides about.

        Those whose most probable class is ``other_class`` are refused at any threshold. The others, pictures
        of that class among them that the model takes for another one, are a sample of what will be routed.
        """
        return [
            (confidence, right)
            for confidence, right, predicted in zip_longest(self.confidences, self.right, self.predicted)
            if other_class is None or predicted != other_class
        ]


def read_job(bucket: str, prefix: str, labels: Mapping[str, int], classes: tuple[str, ...]) -> Answers:
    """Returns what a transform job has the model answer.

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

    def read(picture: tuple[str, int]) -> tuple[float, bool, str]:
        path, label = picture
        answer = s3.get_object(Bucket=bucket, Key=answered[path])["Body"].read()
        try:
            inferences = read_probabilities(_unwrap(answer), classes)
        except ValueError as error:
            raise ModelRefused(f"The model's answer for the validation picture {path} is {error}") from None
        predicted_class, confidence = find_most_probable(inferences, classes)
        return confidence, predicted_class == classes[label], predicted_class

    with ThreadPoolExecutor(READERS) as readers:
        answers = list(readers.map(read, labels.items()))
    return Answers(
        [confidence for confidence, _, _ in answers],
        [right for _, right, _ in answers],
        [predicted for _, _, predicted in answers],
    )


def keep_answers(bucket: str, model: str, dataset: str, answers: Answers) -> None:
    """Keeps a model's answers for the validation split of a data set, for as long as the bucket is there."""
    key = places.validation_answers_key(model, dataset)
    body = json.dumps(asdict(answers)).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def read_kept_answers(bucket: str, model: str, dataset: str) -> Answers | None:
    """Returns a model's kept answers for the validation split of a data set, None where there are none."""
    try:
        kept = s3.get_object(Bucket=bucket, Key=places.validation_answers_key(model, dataset))
    except s3.exceptions.NoSuchKey:
        return None
    return Answers(**json.load(kept["Body"]))


def _unwrap(answer: bytes) -> Any:
    """Returns the list in an answer: the algorithm gives it bare, or as ``prediction`` of a JSON line.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
    """
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return answer
    return value.get("prediction") if isinstance(value, dict) else value
