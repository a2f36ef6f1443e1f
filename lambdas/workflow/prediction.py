"""The probabilities of the classes: how they are checked and written, and which class is most probable."""

import json
import math
from collections.abc import Sequence

# The InferenceId of requests that measure the model: data capture records it, so that the page can tell a
# measurement from a delivery.
MEASUREMENT = "evaluation"
MOST_NAMED = 6


def read_probabilities(value: object, classes: tuple[str, ...]) -> list[float]:
    """Returns the probabilities in label order.

    Args:
        value: A list of as many numbers from 0 to 1 as there are classes, or the JSON text of one.
        classes: Names of the classes in label order.

    Raises:
        ValueError: The value is anything else; the message goes on from "… is".
    """
    expected = f"a list of {len(classes)} numbers from 0 to 1 is expected, for {', '.join(classes)}"
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(f"no JSON: {expected}") from None
    if not isinstance(value, list):
        raise ValueError(f"no list: {expected}")
    if len(value) != len(classes):
        raise ValueError(f"a list of {len(value)}: {expected}")
    for number in value:
        # True is an int to Python, but no number to JSON.
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise ValueError(f"a list with something else than numbers in it: {expected}")
        if not 0 <= number <= 1:  # NaN is in no range either.
            raise ValueError(f"a list with {str(number)[:40]} in it: {expected}")
    return [float(number) for number in value]


def find_most_probable(inferences: list[float], classes: tuple[str, ...]) -> tuple[str, float]:
    """Returns the most probable class and its probability; of equal ones the first in label order."""
    confidence = max(inferences)
    return classes[inferences.index(confidence)], confidence


def describe_none(classes: Sequence[str]) -> str:
    """Returns what a photo shows that is of none of some classes: ``no bicycle or motorcycle``."""
    if len(classes) > MOST_NAMED:
        return f"none of the {len(classes)} classes"
    return f"no {', '.join(classes[:-1])} or {classes[-1]}"


def format_probability(value: float) -> str:
    """Rounds a probability down to three decimals, as console/page/parts/format.js does.

    What misses 1 or the threshold never looks as if it had reached it, nor what is above 0 as if it were 0.
    """
    if 0 < value < 0.001:
        return "<0.001"
    nearest = round(value * 1000) / 1000
    return f"{nearest - 0.001 if nearest > value else nearest:.3f}"


def format_threshold(threshold: float) -> str:
    """Writes a threshold with its decimals, three at least: rounded, it would look like what misses it."""
    text = f"{threshold:.7f}"
    return text[:-4] + text[-4:].rstrip("0")


def format_share(share: float) -> str:
    """Writes a share of photos in percent with one decimal."""
    # Half is rounded up, as on the page; Python alone would round it to the even neighbour.
    return f"{math.floor(share * 1000 + 0.5) / 10:.1f}%"


def format_level(level: float) -> str:
    """Writes a level or a target, which somebody chose, in percent without decimals that are not there."""
    return f"{level * 100:g}%"
