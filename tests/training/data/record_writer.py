"""Writes RecordIO as dmlc-core does: where the payload holds the magic number, the record is split there."""

import struct
from collections.abc import Sequence

MAGIC = struct.pack("<I", 0xCED7230A)


def image_record(label: float | Sequence[float], image: bytes, identity: int = 0) -> bytes:
    """One image; several labels are written as a vector, and their number into the header's flag."""
    if isinstance(label, Sequence):
        header = struct.pack("<IfQQ", len(label), 0, identity, 0) + struct.pack(f"<{len(label)}f", *label)
    else:
        header = struct.pack("<IfQQ", 0, label, identity, 0)
    return record(header + image)


def record(payload: bytes) -> bytes:
    """One record of any payload."""
    parts = [bytearray()]
    for start in range(0, len(payload), 4):
        word = payload[start : start + 4]
        if word == MAGIC:
            parts.append(bytearray())
        else:
            parts[-1] += word
    flags = [0] if len(parts) == 1 else [1, *[2] * (len(parts) - 2), 3]
    return b"".join(
        MAGIC + struct.pack("<I", flag << 29 | len(part)) + part + bytes(-len(part) % 4)
        for flag, part in zip(flags, parts, strict=True)
    )
