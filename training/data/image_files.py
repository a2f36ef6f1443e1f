"""Looks through an image's file before it is decoded: Pillow checks no checksum of a PNG's pixels, and goes
through each part of a file, and each of a JPEG's passes over its pixels, however many there are.

The workflow's serialize function looks at photos in the same way; neither may import the other.
"""

import re
import struct
import zlib
from collections.abc import Iterator

MAX_CHUNKS = 100_000
MAX_SEGMENTS = 4_096
MAX_SCANS = 100

_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_START_OF_SCAN = 0xDA
_WITHOUT_LENGTH = (0xD8, 0xD9)
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INFLATED_AT_ONCE = 2**14
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def check_parts(content: bytes) -> None:
    """Makes sure that a PNG or JPEG is not made of far too many parts; whatever else it is passes.

    Raises:
        ValueError, struct.error: It is.
    """
    if content.startswith(b"\x89PNG"):
        for _ in _list_chunks(content):
            pass
    elif content.startswith(b"\xff\xd8"):
        _check_segments(content)


def check_pixels(content: bytes) -> None:
    """Makes sure that all checksums of a PNG are right, and that none of its pixels is missing.

    Raises:
        ValueError, struct.error, zlib.error: It is damaged.
    """
    width, height, depth, colours, interlaced = struct.unpack_from(">IIBBxxB", content, 16)
    missing = 0
    for left, top, across, down in _ADAM7 if interlaced else _WHOLE:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        row = 1 + (columns * depth * _CHANNELS.get(colours, 0) + 7) // 8
        missing += rows * row if columns > 0 else 0
    inflater = zlib.decompressobj()
    kind = b""
    for kind, chunk in _list_chunks(content):
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise ValueError(f"a checksum of its {kind.decode('ascii', 'replace')!r} is wrong")
        for start in range(8, len(chunk) - 4 if kind == b"IDAT" else 0, _INFLATED_AT_ONCE):
            if missing >= 0:  # what comes after the last pixel is passed over
                part = chunk[start : min(start + _INFLATED_AT_ONCE, len(chunk) - 4)]
                missing -= len(inflater.decompress(part))
    if kind != b"IEND" or missing > 0 or not (missing or inflater.eof):
        raise ValueError("it breaks off")


def _list_chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yields the type and the whole of each of a PNG's chunks, up to the last one or where it breaks off."""
    view, position, kind = memoryview(content), 8, b""
    for _ in range(MAX_CHUNKS):
        if kind == b"IEND" or position + 12 > len(content):
            return
        length, kind = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            return
        yield kind, view[position:end]
        position = end
    raise ValueError(f"a PNG of more than {MAX_CHUNKS} chunks")


def _check_segments(content: bytes) -> None:
    position, scans = 2, 0
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(content, position)
        if found is None or found[1][0] in _WITHOUT_LENGTH:
            return
        (length,) = struct.unpack_from(">H", content, found.end())
        position = found.end() + length
        scans += found[1][0] == _START_OF_SCAN
        if scans > MAX_SCANS:
            raise ValueError(f"a JPEG of more than {MAX_SCANS} scans")
    raise ValueError(f"a JPEG of more than {MAX_SEGMENTS} segments")
