"""Asks a model about the photos of a split and keeps its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from evaluation.errors import EvaluationError
from evaluation.staged_photos import DataSet, Photo
from lambdas.workflow.prediction import probabilities


@dataclass(frozen=True)
class Answer:
    """A model's answer to one photo.

    Attributes:
        file: The photo's path in its split.
        true: Its label.
        sha256: Of the photo, in hexadecimal.
        probabilities: Of each class, in label order.
    """

    file: str
    true: int
    sha256: str
    probabilities: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """The probability of the most probable class."""
        return max(self.probabilities)

    @property
    def predicted(self) -> int:
        """The label of the most probable class; of equal ones the first, as the workflow takes it."""
        return self.probabilities.index(self.confidence)

    @property
    def right(self) -> bool:
        """Whether the most probable class is the true one."""
        return self.predicted == self.true


def ask(data_set: DataSet, split: str, model: Callable[[bytes], bytes], what: str) -> list[Answer]:
    """Returns the answers to the photos of a split, in the order of their paths.

    Args:
        data_set: What to ask about.
        split: "validation" or "test".
        model: Takes an image file and gives the JSON list of the classes' probabilities.
        what: Names the model in the progress and in errors.

    Raises:
        EvaluationError: There is no photo, or an answer is not one probability for each class.
    """

    def answer(photo: Photo) -> Answer:
        said = model(photo.content)
        try:
            given = probabilities(said, data_set.classes)
        except ValueError as error:
            raise EvaluationError(
                f"The answer of {what} for {photo.file} is {error}. Was it trained on other classes?"
            ) from None
        return Answer(photo.file, photo.label, sha256(photo.content).hexdigest(), tuple(given))

    answers = data_set.each(split, f"Asking {what}", answer)
    if not answers:
        raise EvaluationError(f"Data set {data_set.id} has no {split} photos: stage one that has some")
    return answers
