"""Defines what a label may be: one class, or with multi_label any number of classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.contract import CustomerError
from training.hyperparameters import Hyperparameters

# A class's number from 0; with multi_label a 0 or 1 for each class in order.
Label = int | tuple[int, ...]


@dataclass(frozen=True)
class LabelledImage:
    """An image of a channel that is not read yet.

    Attributes:
        name: The name by which errors call it.
        label: Its label.
        content: The file of the encoded image, or a function that reads the encoded image.
    """

    name: str
    label: Label
    content: Path | Callable[[], bytes]


def parse_label(values: Sequence[float], hyperparameters: Hyperparameters, where: str, invalid: str) -> Label:
    """Parses the numbers of a list or record as a label.

    Args:
        values: All label numbers of one image, one at least.
        hyperparameters: Says whether they are one class's number or a 0 or 1 for each class.
        where: The line or record that they are from.
        invalid: The beginning of the error.

    Raises:
        CustomerError: There are too many or too few of them, or a value is none of those.
    """
    classes = hyperparameters.num_classes
    if hyperparameters.multi_label:
        if len(values) != classes:
            raise build_mismatch_error(len(values), hyperparameters, where)
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


def build_mismatch_error(count: int, hyperparameters: Hyperparameters, where: str) -> CustomerError:
    """Builds the error that AWS's recorded job gives, with the line or record."""
    return CustomerError(
        f"Customer Error: Mismatch between number of labels in the multi-label data ({count}) and the "
        f"num_classes parameter ({hyperparameters.num_classes}). See {where}."
    )
