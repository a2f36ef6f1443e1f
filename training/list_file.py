"""Reads `.lst` files: index, label and relative path, TAB between them, one image a line."""

from dataclasses import dataclass
from pathlib import Path

from training.contract import CustomerError


@dataclass(frozen=True)
class LabelledImage:
    """An image file and its label, an integer from 0."""

    path: Path
    label: int


def find_list(list_channel: Path, image_channel: Path) -> Path:
    """Returns the one `.lst` of a channel, whatever its name.

    Raises:
        CustomerError: there is none, or more than one; the text begins as AWS's does.
    """
    found = sorted(path for path in list_channel.rglob("*.lst") if path.is_file())
    if len(found) != 1:
        raise CustomerError(
            f"{_invalid(image_channel)} Expected one .lst in {list_channel.name}, found {len(found)}."
        )
    return found[0]


def read_list(file: Path, image_channel: Path, num_classes: int) -> list[LabelledImage]:
    """Returns the images that the list names, in its order.

    Source of the format: AWS, "Input/Output Interface for the Image Classification Algorithm".

    Raises:
        CustomerError: an empty list, or a line that is not index, label and path of an existing file; the
            text begins as AWS's does.
    """
    invalid = _invalid(image_channel)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise CustomerError(f"{invalid} {file.name} is not UTF-8 text.") from None
    images, indices = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{invalid} {file.name} line {number}"
        index, image = _parse_line(line, where, image_channel, num_classes)
        if index in indices:
            raise CustomerError(f"{where}: the index {index} is there twice.")
        indices.add(index)
        images.append(image)
    if not images:
        raise CustomerError(f"{invalid} {file.name} names no image.")
    return images


def _invalid(image_channel: Path) -> str:
    return f"Customer Error: Invalid lst file in the {image_channel.name} channel."


def _parse_line(line: str, where: str, image_channel: Path, num_classes: int) -> tuple[int, LabelledImage]:
    fields = line.split("\t")
    if len(fields) != 3:
        raise CustomerError(
            f"{where}: expected index, label and path with TABs between, found {len(fields)} field(s)."
        )
    try:
        index, label = int(fields[0]), float(fields[1])
    except ValueError:
        raise CustomerError(f"{where}: index {fields[0]!r} or label {fields[1]!r} is not a number.") from None
    if label not in range(num_classes):
        raise CustomerError(
            f"{where}: the label {fields[1]} is not an integer from 0 to {num_classes - 1}, as "
            f"num_classes {num_classes} asks."
        )
    relative = Path(fields[2].strip())
    path = image_channel / relative
    if relative.is_absolute() or ".." in relative.parts or not path.is_file():
        raise CustomerError(f"{where}: the channel has no file {fields[2].strip()!r}.")
    return index, LabelledImage(path, int(label))
