"""What the decoder of an HEIF or AVIF file has to decode: read from the file's boxes, without decoding.

Such a photo may be put together of tiles, each of a size of its own, and an AVIF's decoder takes memory for
what the coded pictures' own headers say, whatever size the file declares. The boxes are those of
ISO/IEC 14496-12 and 23008-12, the headers those of https://aomediacodec.github.io/av1-spec/.
"""

import math
import struct
from collections.abc import Iterator

MAX_PARTS = 10_000
"""The most boxes in one, and the most pieces of a coded picture."""
_TRACK = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_SEQUENCE_HEADER, _FRAME = 1, 6


class _Fields:
    """The fields of a box, or of a header in bits, one after the other."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._position = 0

    def take_bits(self, bits: int) -> int:
        """Returns the next so many bits as a number."""
        start, self._position = self._position, self._position + bits
        if self._position > 8 * len(self._data):
            raise ValueError("a field breaks off")
        taken = int.from_bytes(self._data[start // 8 : -(-self._position // 8)], "big")
        return taken >> -self._position % 8 & (1 << bits) - 1

    def take(self, size: int) -> int:
        """Returns the next so many bytes as a number."""
        return self.take_bits(8 * size)


def list_areas(photo: bytes) -> list[int]:
    """Returns the pixels of each coded picture in the file: of one, or of tiles and what else comes along.

    Raises:
        ValueError, IndexError, struct.error: The boxes contradict themselves or break off, or are too many.
    """
    view = memoryview(photo)
    areas: list[int] = []
    for kind, box in _list_boxes(view):
        if kind == b"meta":
            areas += _list_item_areas(view, dict(_list_boxes(box[4:])))
        elif kind == b"moov":
            starts = _list_track_starts(kind, box)
            areas += [_find_coded_area(view[start:], in_track=True) for start in starts]
    return areas


def _list_boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    position = 0
    for _ in range(MAX_PARTS):
        if position >= len(view):
            return
        size, kind = struct.unpack_from(">I4s", view, position)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", view, position + 8)
            head = 16
        end = position + size if size else len(view)
        if size and size < head:
            raise ValueError("a box is shorter than its head")
        yield kind, view[position + head : end]
        position = end
    raise ValueError(f"more than {MAX_PARTS} boxes")


def _list_item_areas(photo: memoryview, meta: dict[bytes, memoryview]) -> list[int]:
    areas: dict[int, int] = {}
    if b"iloc" in meta:
        sources = (photo, meta.get(b"idat", photo[:0]))
        areas |= _list_coded_areas(_Fields(meta[b"iloc"]), sources, _find_av1_items(meta))
    declared: list[int] = []
    for kind, box in _list_boxes(meta.get(b"iprp", photo[:0])):
        if kind == b"ipco":
            declared += [
                math.prod(struct.unpack_from(">II", inner, 4)) if name == b"ispe" else 0
                for name, inner in _list_boxes(box)
            ]
        elif kind == b"ipma":
            for item, places in _list_associations(_Fields(box)):
                found = [declared[place - 1] for place in places if 0 < place <= len(declared)]
                areas[item] = max([areas.get(item, 0), *found])
    return list(areas.values())


def _find_av1_items(meta: dict[bytes, memoryview]) -> set[int]:
    found = set()
    if b"iinf" in meta:
        entries = meta[b"iinf"][6 if meta[b"iinf"][0] == 0 else 8 :]
        for _, entry in _list_boxes(entries):
            fields = _Fields(entry)
            item = fields.take(4) >> 24 and fields.take(4 if entry[0] == 3 else 2)
            fields.take(2)
            if fields.take(4) == int.from_bytes(b"av01", "big"):
                found.add(item)
    return found


def _list_associations(fields: _Fields) -> Iterator[tuple[int, list[int]]]:
    """Yields each item with the places of its properties, counted from one."""
    version = fields.take(1)
    wide = fields.take(3) & 1
    for _ in range(fields.take(4)):
        item = fields.take(4 if version else 2)
        places = [fields.take_bits(16 if wide else 8) for _ in range(fields.take(1))]
        yield item, [place & (0x7FFF if wide else 0x7F) for place in places]


def _list_coded_areas(
    fields: _Fields, sources: tuple[memoryview, memoryview], items: set[int]
) -> Iterator[tuple[int, int]]:
    """Yields the pixels that each of the items' own headers say, from where the item's data lie."""
    version = fields.take(1)
    fields.take(3)
    offset_size, length_size, base_size, index_size = (fields.take_bits(4) for _ in range(4))
    for _ in range(fields.take(4 if version == 2 else 2)):
        item = fields.take(4 if version == 2 else 2)
        source = sources[fields.take(2) & 1 if version else 0]
        fields.take(2)
        base = fields.take(base_size)
        parts = []
        for _ in range(fields.take(2)):
            fields.take(index_size if version else 0)
            start = base + fields.take(offset_size)
            length = fields.take(length_size)
            parts.append(source[start : start + length if length else None])
        if item in items:
            if sum(map(len, parts)) > len(source):
                raise ValueError("the pieces of a picture overlap")
            yield item, _find_coded_area(parts[0] if len(parts) == 1 else memoryview(b"".join(parts)))


def _list_track_starts(kind: bytes, box: memoryview) -> Iterator[int]:
    """Yields where the first picture of each track of an animation lies."""
    if kind in _TRACK:
        for inner, content in _list_boxes(box):
            yield from _list_track_starts(inner, content)
    elif kind in (b"stco", b"co64"):
        fields = _Fields(box[4:])
        if fields.take(4):
            yield fields.take(4 if kind == b"stco" else 8)


def _find_coded_area(data: memoryview, *, in_track: bool = False) -> int:
    """Returns the most pixels that AV1's sequence headers say; of a track those up to its first frame."""
    area = position = 0
    for _ in range(MAX_PARTS):
        if position >= len(data):
            return area
        head = data[position]
        kind = head >> 3 & 15
        position += 2 if head & 4 else 1
        size = len(data) - position
        if head & 2:
            size = 0
            for shift in range(0, 56, 7):
                byte = data[position]
                position += 1
                size |= (byte & 127) << shift
                if byte < 128:
                    break
        if kind == _SEQUENCE_HEADER:
            width, height = _read_sequence_size(_Fields(data[position : position + size]))
            area = max(area, width * height)
        elif in_track and kind == _FRAME:
            return area
        position += size
    raise ValueError(f"a picture of more than {MAX_PARTS} pieces")


def _read_sequence_size(header: _Fields) -> tuple[int, int]:
    """Returns the largest width and height of frames, from AV1's sequence header."""
    header.take_bits(4)
    if header.take_bits(1):  # a still picture's short form
        header.take_bits(5)
    else:
        delay_bits = 0
        if header.take_bits(1):  # timing
            header.take_bits(64)
            if header.take_bits(1):
                zeros = 0
                while not header.take_bits(1):
                    zeros += 1
                header.take_bits(zeros)
            if header.take_bits(1):  # the decoder's model
                delay_bits = header.take_bits(5) + 1
                header.take_bits(42)
        has_display_delay = header.take_bits(1)
        for _ in range(header.take_bits(5) + 1):
            header.take_bits(12)
            if header.take_bits(5) > 7:
                header.take_bits(1)
            if delay_bits and header.take_bits(1):
                header.take_bits(2 * delay_bits + 1)
            if has_display_delay and header.take_bits(1):
                header.take_bits(4)
    width_bits, height_bits = header.take_bits(4) + 1, header.take_bits(4) + 1
    return header.take_bits(width_bits) + 1, header.take_bits(height_bits) + 1
