"""Which of two models is better on the same photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from evaluation.answers import Answer
from evaluation.errors import EvaluationError

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two models, photo by photo.

    Attributes:
        champion: The model that is there.
        challenger: The model that would replace it.
        both_right: Photos that both get right.
        champion_only: Photos that only the champion gets right.
        challenger_only: Photos that only the challenger gets right.
        both_wrong: Photos that neither gets right.
        p_value: How probable it is that so many of the photos on which one alone is right, or more, would
            go to the challenger if both were equally good.
        better: Whether that is less than 0.05, so that the challenger is better beyond chance.
    """

    champion: str
    challenger: str
    both_right: int
    champion_only: int
    challenger_only: int
    both_wrong: int
    p_value: float
    better: bool


def compare(
    champion: str, champions: Sequence[Answer], challenger: str, challengers: Sequence[Answer]
) -> Comparison:
    """Returns McNemar's exact test, one-sided: is the challenger better?

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", 1947, with the binomial distribution in place of its approximation.

    Raises:
        EvaluationError: The two did not answer the same photos.
    """
    theirs = {answer.file: answer for answer in champions}
    ours = {answer.file: answer for answer in challengers}
    if {(answer.file, answer.true, answer.sha256) for answer in champions} != {
        (answer.file, answer.true, answer.sha256) for answer in challengers
    }:
        raise EvaluationError(
            f"{champion} and {challenger} did not answer the same photos: "
            "compare them on one data set and split"
        )
    counts = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for file, answer in theirs.items():
        counts[answer.right, ours[file].right] += 1
    p_value = upper_tail(counts[False, True], counts[False, True] + counts[True, False])
    return Comparison(
        champion,
        challenger,
        both_right=counts[True, True],
        champion_only=counts[True, False],
        challenger_only=counts[False, True],
        both_wrong=counts[False, False],
        p_value=p_value,
        better=p_value < SIGNIFICANCE,
    )


def upper_tail(successes: int, trials: int) -> float:
    """Returns the probability of at least so many heads of a fair coin, exact until it is rounded."""
    return float(Fraction(sum(comb(trials, k) for k in range(successes, trials + 1)), 2**trials))
