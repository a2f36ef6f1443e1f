"""Asks a model about photos, a few at a time, and keeps its answers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tqdm import tqdm

from evaluation.errors import EvaluationError
from evaluation.staged_photos import Photo
from lambdas.prediction import probabilities

# Enough to keep an endpoint of one small instance busy, and no burden to what else it serves.
AT_A_TIME = 4


@dataclass(frozen=True)
class Answer:
    """A model's answer to one photo.

    Attributes:
        file: The photo's path in its split.
        true: Its label.
        probabilities: Of each class, in label order.
    """

    file: str
    true: int
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


def ask(
    photos: Sequence[Photo], classes: tuple[str, ...], model: Callable[[bytes], bytes], what: str
) -> list[Answer]:
    """Returns the answers in the order of the photos.

    Args:
        photos: What to ask about.
        classes: Names in label order.
        model: Takes an image file and gives the JSON list of the classes' probabilities.
        what: Names the model in the progress and in errors.

    Raises:
        EvaluationError: An answer is not one probability for each class.
    """

    def one(photo: Photo) -> Answer:
        try:
            return Answer(photo.file, photo.label, tuple(probabilities(model(photo.content), classes)))
        except ValueError as error:
            raise EvaluationError(
                f"The answer of {what} for {photo.file} is {error}. Was it trained on other classes?"
            ) from None

    pool = ThreadPoolExecutor(AT_A_TIME)
    try:
        answers = pool.map(one, photos)
        return list(tqdm(answers, desc=f"Asking {what}", total=len(photos), unit="photo", disable=None))
    finally:
        # After an error or Ctrl-C nobody waits for the photos that are still to be sent.
        pool.shutdown(cancel_futures=True)
