"""Labelled images, and what a label may be: one class, or with multi_label any number of classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from training.contract import CustomerError
from training.hyperparameters import Hyperparameters

# A class's number from 0; with multi_label a 0 or 1 for each class in order.
Label = int | tuple[int, ...]


class LabelledImage(Protocol):
    """An image of a channel, not read yet."""

    @property
    def name(self) -> str:
        """What errors call it."""

    @property
    def label(self) -> Label: ...

    def content(self) -> Path | bytes:
        """Returns the file of the encoded image, or the encoded image."""


def checked_label(values: Sequence[float], chosen: Hyperparameters, where: str, invalid: str) -> Label:
    """Returns the label that the numbers in a list or record stand for.

    Args:
        values: All label numbers of one image.
        chosen: Says whether they are one class's number or a 0 or 1 for each class.
        where: The line or record that they are from.
        invalid: What the error begins with.

    Raises:
        CustomerError: too many or too few of them, or a value that is none of those.
    """
    classes = chosen.num_classes
    if chosen.multi_label:
        if len(values) != classes:
            raise label_count_mismatch(len(values), chosen, where)
        if not set(values) <= {0, 1}:
            raise CustomerError(f"{invalid} {where}: with multi_label 1 each label must be 0 or 1.")
        return tuple(map(int, values))
    (value,) = values
    if value not in range(classes):
        raise CustomerError(
            f"{invalid} {where}: the label {value:g} is not an integer from 0 to {classes - 1}, as "
            f"num_classes {classes} asks."
        )
    return int(value)


def label_count_mismatch(count: int, chosen: Hyperparameters, where: str) -> CustomerError:
    """Returns AWS's recorded error text, and where."""
    return CustomerError(
        f"Customer Error: Mismatch between number of labels in the multi-label data ({count}) and the "
        f"num_classes parameter ({chosen.num_classes}). See {where}."
    )
