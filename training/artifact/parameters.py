"""Reads and writes MXNet's ``.params`` files: named arrays, in which the built-in keeps its weights.

Layout (little endian), from MXNet 1.4.1's ndarray.cc: u64 0x112, u64 0, u64 count, arrays, u64 count, names.
An array is u32 0xF993FAC9, i32 0 (dense), u32 dimensions, i64 each, i32 1 (CPU), i32 0, i32 type, its bytes;
a name is u64 length and UTF-8.
"""

import math
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from training.network.graph import Float32
from training.network.symbol import MAX_NODES

LIST_MAGIC = 0x112
ARRAY_MAGIC = 0xF993FAC9
FLOAT32, FLOAT16 = 0, 2
# A ResNet-200 takes 260 MB.
MAX_BYTES = 1 << 30
MAX_DIMENSIONS = 32


class InvalidParameters(ValueError):
    """The file is not a whole list of named float32 arrays; the text says where it goes wrong."""


def write_parameters(path: Path, arrays: Mapping[str, Float32]) -> None:
    """Writes ``path`` whole or not at all; every array needs one dimension at least."""
    parts = [struct.pack("<QQQ", LIST_MAGIC, 0, len(arrays))]
    for array in arrays.values():
        head = struct.pack(f"<IiI{array.ndim}qiii", ARRAY_MAGIC, 0, array.ndim, *array.shape, 1, 0, FLOAT32)
        parts += [head, array.astype("<f4", copy=False).tobytes(order="C")]
    parts.append(struct.pack("<Q", len(arrays)))
    for name in arrays:
        encoded = name.encode()
        parts.append(struct.pack("<Q", len(encoded)) + encoded)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_bytes(b"".join(parts))
    unfinished.replace(path)


def read_parameters(path: Path) -> dict[str, Float32]:
    """Returns each array by its name. Nothing in the file is executed, and no size in it is believed.

    Raises:
        InvalidParameters: It is truncated, foreign, above 1 GiB, or of another type than dense float32.
    """
    if path.stat().st_size > MAX_BYTES:
        raise InvalidParameters(f"{path.name} has more than {MAX_BYTES} bytes")
    reader = _Reader(path.read_bytes())
    if reader.unpack("<QQ") != (LIST_MAGIC, 0):
        raise InvalidParameters("it does not begin as a .params file does")
    (count,) = reader.unpack("<Q")
    if count > MAX_NODES:
        raise InvalidParameters(f"it has {count} arrays, at most {MAX_NODES} are read")
    arrays: list[Float32] = []
    while len(arrays) < count:
        arrays.append(reader.read_array())
    if reader.unpack("<Q") != (count,):
        raise InvalidParameters(f"it has not as many names as arrays ({count})")
    named = {reader.read_text(): array for array in arrays}
    if len(named) != count or reader.left:
        raise InvalidParameters("a name is there twice, or bytes are left over")
    return named


class _Reader:
    """Takes bytes from the front; to ask for more than there are is an error, before memory is taken."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    @property
    def left(self) -> int:
        return len(self._content)

    def take(self, size: int) -> memoryview:
        if size > self.left:
            raise InvalidParameters(f"it is cut off: {size} bytes wanted, {self.left} left")
        taken, self._content = self._content[:size], self._content[size:]
        return taken

    def unpack(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def read_text(self) -> str:
        (length,) = self.unpack("<Q")
        try:
            return str(self.take(length), "utf-8")
        except UnicodeDecodeError:
            raise InvalidParameters("a name is not UTF-8") from None

    def read_array(self) -> Float32:
        magic, storage, dimensions = self.unpack("<IiI")
        if magic != ARRAY_MAGIC or storage != 0 or not 1 <= dimensions <= MAX_DIMENSIONS:
            raise InvalidParameters("an array in it is not a dense one of MXNet 1.4")
        shape = self.unpack(f"<{dimensions}q")
        _, _, kind = self.unpack("<iii")
        if kind == FLOAT16:
            raise InvalidParameters(
                "an array in it is float16, which is not read here; train with precision_dtype float32"
            )
        if kind != FLOAT32 or min(shape) < 1:
            raise InvalidParameters("an array in it is not float32, or has a side below 1")
        return np.frombuffer(self.take(4 * math.prod(shape)), dtype="<f4").reshape(shape).copy()
