"""Counts which class is taken for which: confusion matrix, precision and recall."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.answers import Answer
from evaluation.measures.intervals import Share, measure_share


@dataclass(frozen=True)
class ClassFigures:
    """How a model does on one class.

    Attributes:
        name: The class.
        photos: How many photos show it.
        precision: The share of the photos taken for it that show it; None if no photo is taken for it.
        recall: The share of the photos that show it that are taken for it; None if no photo shows it.
    """

    name: str
    photos: int
    precision: Share | None
    recall: Share | None


def count_confusions(answers: Sequence[Answer], classes: int) -> list[list[int]]:
    """Returns the confusion matrix: photos of each true class (row) taken for each class (column)."""
    matrix = [[0] * classes for _ in range(classes)]
    for answer in answers:
        matrix[answer.true][answer.predicted] += 1
    return matrix


def measure_classes(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> list[ClassFigures]:
    """Returns each class's figures from the confusion matrix, in label order."""
    return [
        ClassFigures(
            name,
            photos=sum(matrix[label]),
            precision=measure_share(matrix[label][label], sum(row[label] for row in matrix)),
            recall=measure_share(matrix[label][label], sum(matrix[label])),
        )
        for label, name in enumerate(classes)
    ]
