"""Reads CIFAR-100's archive as a stream: nothing is extracted to disk, nothing in it is trusted."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_staging.cifar100 import pickles
from data_staging.errors import BadArchive
from training.tar_gz import DamagedArchive, InvalidArchive, open_files

FOLDER = "cifar-100-python"
PARTS = ("meta", "train", "test")
GENERATED_MARKER = "GENERATED"
ROW_BYTES = 3 * 32 * 32

# What may become part of a path and of a line of a list file.
CLASS_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FILE_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.png")


@dataclass(frozen=True)
class Rows:
    """One half of CIFAR-100, row by row.

    Attributes:
        names: File names, as in the archive.
        labels: Index of each row's class in the archive's class names.
        pixels: uint8, shape (rows, 3072): 1024 red values, 1024 green, 1024 blue, each a 32x32 plane.
    """

    names: list[str]
    labels: list[int]
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Archive:
    """What an archive holds.

    Attributes:
        class_names: The fine label names; a label is an index into them.
        train: The training rows.
        test: The test rows.
        generated: Whether the archive says that it was drawn by ``data_staging/sample.py``.
    """

    class_names: list[str]
    train: Rows
    test: Rows
    generated: bool


def read(path: Path) -> Archive:
    """Reads ``cifar-100-python.tar.gz``, or any archive of its layout.

    The layout is described at https://www.cs.toronto.edu/~kriz/cifar.html.

    Raises:
        BadArchive: It is damaged, is not CIFAR-100, or holds what has no business in it.
        OSError: It cannot be read.
    """
    try:
        parts, generated = _read_parts(path)
        missing = [part for part in PARTS if part not in parts]
        if missing:
            raise BadArchive(f"it has no {FOLDER}/{missing[0]}: is it CIFAR-100's 'python version'?")
        class_names = _read_class_names(parts["meta"])
        train, test = (_read_rows(parts[half], half, len(class_names)) for half in ("train", "test"))
    except DamagedArchive as error:
        raise BadArchive(f"{path} cannot be used: {error}; download or copy it again") from None
    except (BadArchive, InvalidArchive) as error:
        raise BadArchive(f"{path} cannot be used: {error}") from None
    return Archive(class_names, train, test, generated)


def _read_parts(path: Path) -> tuple[dict[str, dict[bytes, Any]], bool]:
    """Returns the pickled dictionaries by name, and whether the archive says that it was drawn."""
    parts: dict[str, dict[bytes, Any]] = {}
    generated, fault = False, None
    with open_files(path) as files:
        for name, content in files:
            generated |= name == f"{FOLDER}/{GENERATED_MARKER}"
            part = name.removeprefix(f"{FOLDER}/")
            if part not in PARTS or fault:
                continue
            if part in parts:
                raise BadArchive(f"it holds {name} twice")
            try:
                parts[part] = pickles.load(content)
            except pickles.MalformedPickle as error:
                # Not the pickle's fault where the archive's checksum, at its end, shows that it is damaged.
                fault = BadArchive(f"the pickle {name} was refused: {error}; use the author's archive")
    if fault:
        raise fault
    return parts, generated


def _read_class_names(meta: dict[bytes, Any]) -> list[str]:
    names = meta.get(b"fine_label_names")
    if not isinstance(names, list) or not all(_matches(CLASS_NAME, name) for name in names):
        raise BadArchive("its meta has no usable fine_label_names")
    if len(set(names)) != len(names):
        raise BadArchive("its meta names a class twice")
    return [name.decode() for name in names]


def _read_rows(half: dict[bytes, Any], where: str, classes: int) -> Rows:
    names, labels, pixels = (half.get(key) for key in (b"filenames", b"fine_labels", b"data"))
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != ROW_BYTES:
        raise BadArchive(f"{where} has no data of {ROW_BYTES} bytes a picture (32x32 RGB)")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise BadArchive(f"{where} has no fine_labels that are whole numbers")
    if not isinstance(names, list) or not all(_matches(FILE_NAME, name) for name in names):
        raise BadArchive(f"{where} has filenames that are not plain names ending in .png")
    if not len(names) == len(labels) == len(pixels):
        raise BadArchive(
            f"{where} has {len(pixels)} pictures, but {len(labels)} labels and {len(names)} file names"
        )
    if labels and not 0 <= min(labels) <= max(labels) < classes:
        raise BadArchive(f"{where} has labels outside 0..{classes - 1}")
    return Rows([name.decode() for name in names], labels, pixels)


def _matches(pattern: re.Pattern[bytes], name: object) -> bool:
    return isinstance(name, bytes) and pattern.fullmatch(name) is not None
