"""The algorithm's rules for its hyperparameters, as a deploy applies them."""

import difflib
from collections.abc import Iterable, Mapping

from training.hyperparameters import RULES, Hyperparameters, find_contradiction

# The training job's starter counts these in the manifest of the staged data.
SET_FROM_DATA = ("num_classes", "num_training_samples")
# SageMaker takes no longer value.
LONGEST_VALUE = 2500


def find_fault(given: Mapping[str, str], number_of_classes: int) -> str | None:
    """Says in one line what is wrong with the hyperparameters, or returns None.

    Args:
        given: Their names, and their values as the strings that SageMaker is given.
        number_of_classes: How many classes the staged data have.
    """
    values = {}
    for name, text in given.items():
        if name in SET_FROM_DATA:
            return f"{name!r} is counted from the staged data; leave it out"
        if name not in RULES:
            return f"unknown name {name[:100]!r}: {suggest_name(name, set(RULES) - set(SET_FROM_DATA))}"
        if len(text) > LONGEST_VALUE:
            return f"{name!r} has {len(text)} characters: SageMaker takes {LONGEST_VALUE} at most"
        try:
            values[name] = RULES[name].parse(text)
        except ValueError:
            return f"{name!r} is {text[:100]!r}: it must be {RULES[name].expected}"
    chosen = Hyperparameters(num_classes=number_of_classes, num_training_samples=1, **values)
    if chosen.multi_label:
        return "'multi_label' is '1': it must be 0, a photo has one class here"
    if chosen.resize is None:
        shape = chosen.image_shape
        return (
            "'resize' is missing: AWS requires it, the length that pictures' shortest side is scaled to: "
            f"it must be at least {min(shape[1:])} for the image_shape {','.join(map(str, shape))}"
        )
    return find_contradiction(chosen, given)


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Asks whether the nearest known name is meant; where none is near, lists them all."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
