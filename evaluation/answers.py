"""Asks a model about the photos of a split and keeps its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from evaluation.deployment import EvaluationError
from evaluation.staged_photos import DataSet, Photo
from lambdas.workflow.prediction import read_probabilities


@dataclass(frozen=True)
class Answer:
    """A model's answer to one photo.

    Attributes:
        file: The photo's path in its split.
        true: Its label.
        sha256: The photo's SHA-256 digest, in hexadecimal.
        probabilities: The probability of each class, in label order.
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
        """The label of the most probable class; of equally probable ones the first, as in the workflow."""
        return self.probabilities.index(self.confidence)

    @property
    def right(self) -> bool:
        """Whether the most probable class is the true one."""
        return self.predicted == self.true


def ask(data_set: DataSet, split: str, model: Callable[[bytes], bytes], name: str) -> list[Answer]:
    """Returns the answers to the photos of a split, in the order of their paths.

    Args:
        data_set: Where the photos are staged.
        split: "validation" or "test".
        model: Takes an image file and returns the JSON list of the classes' probabilities.
        name: Names the model in the progress bar and in errors.

    Raises:
        EvaluationError: There is no photo, or an answer is not one probability for each class.
    """

    def ask_about(photo: Photo) -> Answer:
        content = model(photo.content)
        try:
            given = read_probabilities(content, data_set.classes)
        except ValueError as error:
            raise EvaluationError(
                f"The answer of {name} for {photo.file} is {error}. Was it trained on other classes?"
            ) from None
        return Answer(photo.file, photo.label, sha256(photo.content).hexdigest(), tuple(given))

    answers = data_set.map_photos(split, f"Asking {name}", ask_about)
    if not answers:
        raise EvaluationError(f"Data set {data_set.id} has no {split} photos: stage one that has some")
    return answers
