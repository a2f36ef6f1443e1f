"""Reads ``.lst`` files: index, label or labels, and relative path, TAB between them, one image a line."""

import os.path
from pathlib import Path

from training.contract import CustomerError
from training.data.labels import Label, LabelledImage, parse_label
from training.hyperparameters import Hyperparameters


def read_list(file: Path, image_channel: Path, hyperparameters: Hyperparameters) -> list[LabelledImage]:
    """Returns the images that the list names, in its order.

    Source of the format: AWS, "Input/Output Interface for the Image Classification Algorithm"; with
    multi_label, AWS's sample notebook "Image classification multi-label classification": between index and
    path there is a 0 or 1 for each class.

    Raises:
        CustomerError: The list is empty, or a line is not index, label and path of an existing file; the
            text begins as AWS's does.
    """
    invalid = f"Customer Error: Invalid lst file in the {image_channel.name} channel."
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        raise CustomerError(f"{invalid} {file.name[:100]} is not UTF-8 text.") from None
    images: list[LabelledImage] = []
    indices, missing = set(), []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{file.name[:100]} line {number}"
        index, path, label = _parse_line(line, invalid, where, image_channel, hyperparameters)
        if index in indices:
            raise CustomerError(f"{invalid} {where}: the index {str(index)[:40]} is there twice.")
        indices.add(index)
        images.append(LabelledImage(path.name, label, path))
        if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises where a name is too long
            absent = repr(str(path.relative_to(image_channel)))[:100]
            missing.append(f"{where}: the channel has no file {absent}")
    if not images:
        raise CustomerError(f"{invalid} {file.name[:100]} names no image.")
    if missing:
        raise CustomerError(f"{invalid} {missing[0]}; missing are {len(missing)} of {len(images)} files.")
    return images


def _parse_line(
    line: str, invalid: str, where: str, image_channel: Path, hyperparameters: Hyperparameters
) -> tuple[int, Path, Label]:
    fields = line.split("\t")
    if len(fields) < 3 or (len(fields) > 3 and not hyperparameters.multi_label):
        raise CustomerError(
            f"{invalid} {where}: expected index, label and path with TABs between, "
            f"found {len(fields)} field(s)."
        )
    index, *labels, path = fields
    try:
        values = [float(label) for label in labels]
        parsed_index = int(index)
    except ValueError:
        raise CustomerError(
            f"{invalid} {where}: index {index[:40]!r} or a label, {labels[0][:40]!r}, is not a number."
        ) from None
    relative = Path(path.strip())
    if relative.is_absolute() or ".." in relative.parts:
        raise CustomerError(
            f"{invalid} {where}: {repr(str(relative))[:100]} is not a path inside the channel."
        )
    return parsed_index, image_channel / relative, parse_label(values, hyperparameters, where, invalid)
