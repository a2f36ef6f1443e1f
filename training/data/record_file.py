"""Reads RecordIO files of images (``.rec``), as MXNet's im2rec writes them.

Source of the format: dmlc-core's RecordIO (parts of a record: magic number, flag and length in one word,
payload, padding to 4 bytes; where the payload held the magic number it was taken out and the record split
there) and MXNet's IRHeader (flag, label, id, id2, then as many more labels as the flag says, then the encoded
image).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from training.contract import CustomerError
from training.data.labels import Label, LabelledImage, build_mismatch_error, parse_label
from training.hyperparameters import Hyperparameters

MAGIC = struct.pack("<I", 0xCED7230A)
WHOLE, FIRST, MIDDLE, LAST = range(4)
IMAGE_HEADER = struct.Struct("<IfQQ")


def read_records(path: Path, channel: Path, hyperparameters: Hyperparameters) -> list[LabelledImage]:
    """Returns the images of the file, in its order; only their labels are read now.

    Raises:
        CustomerError: There is no record, or one is damaged, cut off or mislabelled.
    """
    invalid = f"Customer Error: Invalid RecordIO file in the {channel.name} channel."
    images: list[LabelledImage] = []
    size = path.stat().st_size
    offset = 0
    with path.open("rb") as file:
        while offset < size:
            where = f"{path.name} record {len(images)} at byte {offset}"
            try:
                record = _read_record(file, offset, size, IMAGE_HEADER.size + 4 * hyperparameters.num_classes)
                label = _read_label(record, hyperparameters, where, invalid)
            except InvalidRecord as error:
                raise CustomerError(f"{invalid} {where} {error}.") from None
            images.append(LabelledImage(where, label, partial(_read_image, path, offset)))
            offset = record.end
    if not images:
        raise CustomerError(f"{invalid} {path.name} has no record.")
    return images


class InvalidRecord(ValueError):
    """The record is damaged; the text continues the record's name."""


@dataclass(frozen=True)
class _Record:
    """The beginning of the payload, the length of all of it, and the offset of the next record, in bytes."""

    payload: bytearray
    length: int
    end: int


def _read_image(path: Path, offset: int) -> bytes:
    """Returns the encoded image of the record at the offset."""
    size = path.stat().st_size
    with path.open("rb") as file:
        record = _read_record(file, offset, size, most=size).payload
    labels, *_ = IMAGE_HEADER.unpack_from(record)
    return bytes(memoryview(record)[IMAGE_HEADER.size + 4 * labels :])


def _read_label(record: _Record, hyperparameters: Hyperparameters, where: str, invalid: str) -> Label:
    if record.length < IMAGE_HEADER.size:
        raise InvalidRecord("is too short for the header of an image")
    count, label, _, _ = IMAGE_HEADER.unpack_from(record.payload)
    if record.length < IMAGE_HEADER.size + 4 * count:
        raise InvalidRecord(f"is too short for its {count} labels")
    if hyperparameters.multi_label and max(count, 1) != hyperparameters.num_classes:
        raise build_mismatch_error(max(count, 1), hyperparameters, where)
    if not hyperparameters.multi_label and count > 1:
        raise InvalidRecord(f"has {count} labels; with multi_label 0 it must have one")
    values = struct.unpack_from(f"<{count}f", record.payload, IMAGE_HEADER.size) if count else (label,)
    return parse_label(values, hyperparameters, where, invalid)


def _read_record(file: BinaryIO, offset: int, size: int, most: int) -> _Record:
    """Reads the record at the offset: of its payload no more than holds the first ``most`` bytes."""
    payload = bytearray()
    length, end = 0, offset
    for start, part in _read_parts(file, offset, size):
        if end > offset:
            length += len(MAGIC)
            if len(payload) < most:
                payload += MAGIC
        if len(payload) < most:
            payload += file.read(min(part, most - len(payload)))
        length += part
        end = start + _pad(part)
    return _Record(payload, length, end)


def _read_parts(file: BinaryIO, offset: int, size: int) -> Iterator[tuple[int, int]]:
    """Yields offset and length of each part's payload; the file then stands at the payload's beginning."""
    allowed = (WHOLE, FIRST)
    while True:
        file.seek(offset)
        head = file.read(8)
        if len(head) < 8:
            raise InvalidRecord("is cut off")
        if not head.startswith(MAGIC):
            raise InvalidRecord(
                "does not begin with RecordIO's magic number, or the part before it is damaged"
            )
        (word,) = struct.unpack("<I", head[4:])
        flag, length = word >> 29, word & (1 << 29) - 1
        if flag not in allowed:
            raise InvalidRecord(f"has a part with the flag {flag} where {allowed[0]} or {allowed[1]} must be")
        start = offset + 8
        offset = start + _pad(length)
        if offset > size:
            raise InvalidRecord("is cut off")
        yield start, length
        if flag in (WHOLE, LAST):
            return
        allowed = (MIDDLE, LAST)


def _pad(length: int) -> int:
    return -(-length // 4) * 4
