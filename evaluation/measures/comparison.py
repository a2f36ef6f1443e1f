"""Tests which of two models is better on the same photos."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

from evaluation.answers import Answer
from evaluation.deployment import EvaluationError

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two models, compared photo by photo.

    Attributes:
        champion: The present model.
        challenger: The model that would replace it.
        both_right: Photos that both get right.
        champion_only: Photos that only the champion gets right.
        challenger_only: Photos that only the challenger gets right.
        both_wrong: Photos that neither gets right.
        p_value: The probability that, if both were equally good, the challenger would win at least as many
            of the photos on which only one of them is right.
        better: Whether the p-value is below 0.05, so that the challenger is better beyond chance.
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
    """Compares two models with McNemar's exact test, one-sided: is the challenger better?

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", 1947, with the binomial distribution in place of its approximation.

    Raises:
        EvaluationError: The two models did not answer the same photos.
    """
    theirs, ours = (
        {(answer.file, answer.true, answer.sha256): answer.right for answer in answers}
        for answers in (champions, challengers)
    )
    if theirs.keys() != ours.keys():
        raise EvaluationError(
            f"{champion} and {challenger} did not answer the same photos: "
            "compare them on one data set and split"
        )
    counts = Counter((right, ours[photo]) for photo, right in theirs.items())
    p_value = sum_upper_tail(counts[False, True], counts[False, True] + counts[True, False])
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


def sum_upper_tail(successes: int, trials: int) -> float:
    """Returns the probability that a fair coin shows heads at least ``successes`` times in ``trials``."""
    return float(Fraction(sum(comb(trials, k) for k in range(successes, trials + 1)), 2**trials))
