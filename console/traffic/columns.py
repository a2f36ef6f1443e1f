"""Encodes invocations as the page reads them: a JSON header and binary columns."""

import json
import struct
from typing import Any

import numpy as np

ALIGNMENT = 8


def encode_columns(rows: np.ndarray, header: dict[str, Any], first_number: int = 0) -> bytes:
    """Returns header and columns in one piece, sorted by time.

    A little-endian u32 with the header's length, the header (JSON with ``count`` and ``columns``, a list of
    ``name`` and ``dtype``, beside what is given), then one column after the other, little-endian: ``time``
    (f64, Unix seconds), ``id`` (u32, the invocation's number), ``confidence`` (f64), ``predicted`` (u8; u16
    above 256 classes), ``truth`` (i16, -1 unknown), ``picture`` (u32, equal for equal pictures, 0 for
    one that is not told from others). Header and columns are each padded to a multiple of ALIGNMENT bytes;
    the header's length counts with it.

    Args:
        rows: Invocations of type ROW, in the order of their numbers.
        header: What else the header tells, ``classes`` included.
        first_number: Number of the first invocation.
    """
    order = np.argsort(rows["time"], kind="stable")
    columns = {
        "time": rows["time"][order],
        "id": (first_number + order).astype("<u4"),
        "confidence": rows["confidence"][order],
        "predicted": rows["predicted"][order].astype("<u1" if len(header["classes"]) <= 256 else "<u2"),
        "truth": rows["truth"][order],
        "picture": rows["picture"][order],
    }
    named = [{"name": name, "dtype": _name_type(column.dtype)} for name, column in columns.items()]
    text = json.dumps({"count": len(rows), "columns": named, **header}).encode()
    return b"".join(
        [
            _pad(struct.pack("<I", len(text)) + text),
            *(_pad(column.tobytes()) for column in columns.values()),
        ]
    )


def _name_type(dtype: np.dtype) -> str:
    return f"{dtype.kind}{dtype.itemsize * 8}"


def _pad(content: bytes) -> bytes:
    return content + bytes(-len(content) % ALIGNMENT)
