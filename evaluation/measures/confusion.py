"""Which class is taken for which: confusion matrix, precision and recall."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.answers import Answer
from evaluation.measures.intervals import Share, share


@dataclass(frozen=True)
class ClassFigures:
    """How a model does on one class.

    Attributes:
        name: The class.
        photos: How many photos show it.
        precision: Of the photos taken for it, the share that shows it; None if there are none.
        recall: Of the photos that show it, the share taken for it; None likewise.
    """

    name: str
    photos: int
    precision: Share | None
    recall: Share | None


def confusion_matrix(answers: Sequence[Answer], classes: int) -> list[list[int]]:
    """Returns how many photos of each true class (row) were taken for each class (column)."""
    matrix = [[0] * classes for _ in range(classes)]
    for answer in answers:
        matrix[answer.true][answer.predicted] += 1
    return matrix


def per_class(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> list[ClassFigures]:
    """Returns each class's figures from the confusion matrix, in label order."""
    return [
        ClassFigures(
            name,
            photos=sum(matrix[label]),
            precision=share(matrix[label][label], sum(row[label] for row in matrix)),
            recall=share(matrix[label][label], sum(matrix[label])),
        )
        for label, name in enumerate(classes)
    ]
