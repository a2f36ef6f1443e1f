"""Reads CIFAR-100's archive as a stream: nothing is extracted to disk, nothing in it is trusted."""

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from data_staging.cifar100 import pickles
from data_staging.errors import BadArchive

FOLDER = "cifar-100-python"
PARTS = ("meta", "train", "test")
GENERATED_MARKER = "GENERATED"
ROW_BYTES = 3 * 32 * 32

# The published archive unpacks to 186 MB, of which the training pickle is 155 MB.
MAX_MEMBER_BYTES = 256 << 20
MAX_TOTAL_BYTES = 512 << 20
MAX_EXTENDED_BYTES = 1 << 20
CHUNK = 1 << 16

# What may become part of a path and of a line of a list file.
CLASS_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FILE_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.png")

EXTENDED_HEADERS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME)


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
    parts: dict[str, dict[bytes, Any]] = {}
    generated = False
    try:
        with gzip.open(path) as unzipped:
            for name, member in _read_members(_BoundedReader(unzipped)):
                generated |= name == f"{FOLDER}/{GENERATED_MARKER}"
                part = name.removeprefix(f"{FOLDER}/")
                if part not in PARTS:
                    continue
                if part in parts:
                    raise BadArchive(f"it holds {name} twice")
                try:
                    parts[part] = pickles.load(member)
                except pickles.MalformedPickle as error:
                    raise BadArchive(f"the pickle {name} was refused: {error}") from None
        missing = [part for part in PARTS if part not in parts]
        if missing:
            raise BadArchive(f"it has no {FOLDER}/{missing[0]}: is it CIFAR-100's 'python version'?")
        class_names = _read_class_names(parts["meta"])
        train, test = (_read_rows(parts[half], half, len(class_names)) for half in ("train", "test"))
    except BadArchive as error:
        raise BadArchive(f"{path} cannot be used: {error}") from None
    except gzip.BadGzipFile as error:
        raise BadArchive(f"{path} cannot be used: it is no .tar.gz file, or damaged ({error})") from None
    except EOFError:
        raise BadArchive(f"{path} cannot be used: it ends too early; download or copy it again") from None
    except (tarfile.TarError, zlib.error, ValueError, LookupError, RecursionError) as error:
        raise BadArchive(f"{path} cannot be used: it is damaged ({error})") from None
    return Archive(class_names, train, test, generated)


class _BoundedReader:
    """The unzipped archive, read only so far: gzip turns 512 KB into 512 MB."""

    def __init__(self, unzipped: gzip.GzipFile) -> None:
        self.unzipped = unzipped
        self.left = MAX_TOTAL_BYTES

    def read(self, size: int) -> bytes:
        self.left -= size
        if self.left < 0:
            raise BadArchive(f"it unpacks to more than {MAX_TOTAL_BYTES >> 20} MiB")
        return self.unzipped.read(size)


class _Header(tarfile.TarInfo):
    """A member's header; ``tarfile`` reads what an extended one announces as soon as it has parsed this."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        _refuse_hostile(header, MAX_EXTENDED_BYTES if header.type in EXTENDED_HEADERS else MAX_MEMBER_BYTES)
        return header


def _read_members(reader: _BoundedReader) -> Iterator[tuple[str, IO[bytes]]]:
    """Yields the name and the content of each file, and refuses every other thing but folders."""
    with tarfile.open(fileobj=reader, mode="r|", tarinfo=_Header) as archive:  # type: ignore[call-overload]
        for member in archive:
            archive.members.clear()  # They would take 1 KB for each 512 bytes of the archive.
            # Again, because extended headers give members other names and sizes.
            _refuse_hostile(member, MAX_MEMBER_BYTES)
            if content := archive.extractfile(member):
                yield str(PurePosixPath(member.name)), content
    # gzip compares its checksum only when it comes to its end.
    while reader.read(CHUNK):
        pass


def _refuse_hostile(header: tarfile.TarInfo, max_bytes: int) -> None:
    path = PurePosixPath(header.name)
    if path.is_absolute() or ".." in path.parts:
        raise BadArchive(f"its member {header.name!a} points out of the archive; it may be hostile")
    if header.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, *EXTENDED_HEADERS):
        raise BadArchive(f"its member {header.name!a} is neither file nor folder (type {header.type!r})")
    if not 0 <= header.size <= max_bytes:
        raise BadArchive(
            f"its member {header.name!a} has {header.size} bytes, more than {max_bytes >> 20} MiB"
        )


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
