"""Damaged photos, and small files that take their decoder much memory or time, for all who read photos."""

import functools
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tests.lambdas.samples import gradient, noise, png_chunk, saved


@dataclass(frozen=True)
class Case:
    """A file that nobody may take.

    Attributes:
        name: What it is.
        content: Makes the file's bytes.
        is_plain: Whether it is a PNG or JPEG, as training reads them.
    """

    name: str
    content: Callable[[], bytes]
    is_plain: bool = True


def png(rows: bytes, *, size: tuple[int, int] = (16, 16), interlaced: bool = False) -> bytes:
    """Returns an RGB PNG of these packed rows, all checksums of its chunks right."""
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, interlaced)
    chunks = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", rows), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def flip(content: bytes, position: int) -> bytes:
    """Returns the bytes with one bit of one of them turned."""
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


ROWS = b"".join(b"\0" + bytes((x * y) % 251 for x in range(48)) for y in range(16))
PACKED = zlib.compress(ROWS)
PNG = saved(noise(40, 30), "PNG")
TEXT = saved(gradient(40, 30), "PNG").replace(b"\0\0\0\0IEND", png_chunk(b"tEXt", b"a\0b") + b"\0\0\0\0IEND")
ANIMATION = saved(gradient(40, 30), "PNG", save_all=True, append_images=[noise(40, 30)])

DAMAGED = [
    Case("PNG with a byte of its pixels turned", lambda: flip(PNG, len(PNG) // 2)),
    Case("PNG with a checksum turned", lambda: flip(PNG, PNG.index(b"IEND") - 5)),
    Case("PNG with its last checksum turned", lambda: flip(PNG, len(PNG) - 1)),
    Case("PNG without its last chunk", lambda: PNG[:-12]),
    Case("PNG with damaged text", lambda: flip(TEXT, TEXT.index(b"tEXt") + 4)),
    Case("animated PNG with a damaged frame", lambda: flip(ANIMATION, ANIMATION.index(b"fdAT") + 30)),
    Case("PNG whose packed pixels have a wrong checksum", lambda: png(flip(PACKED, len(PACKED) - 1))),
    Case("PNG whose packed pixels lack their checksum", lambda: png(PACKED[:-4])),
    Case("PNG whose packed pixels are cut off", lambda: png(PACKED[:-20])),
    Case("PNG that lacks a row", lambda: png(zlib.compress(ROWS[:-49]))),
    Case("PNG that lacks a byte", lambda: png(zlib.compress(ROWS[:-1]))),
    Case("interlaced PNG that lacks rows", lambda: png(PACKED, interlaced=True)),
    Case("PNG without pixels", lambda: png(b"")),
    Case("JPEG that lacks its last pixels", lambda: saved(noise(64, 64), "JPEG")[:-30]),
    Case("JPEG that lacks its last byte of pixels", lambda: saved(gradient(64, 64), "JPEG")[:-3]),
    Case("JPEG that ends before its pixels", lambda: saved(noise(64, 64), "JPEG")[:300]),
    Case("JPEG that lacks its last scans", lambda: saved(noise(64, 64), "JPEG", progressive=True)[:-900]),
    Case("WebP that is cut off", lambda: saved(noise(64, 64), "WEBP")[:-9], is_plain=False),
    Case("lossless WebP that is cut off", lambda: saved(noise(9, 9), "WEBP", lossless=True)[:-9], False),
    Case("AVIF that is cut off", lambda: saved(noise(64, 64), "AVIF")[:-9], is_plain=False),
    Case("HEIC that is cut off", lambda: saved(noise(64, 64), "HEIF")[:-9], is_plain=False),
]


@functools.cache
def jpeg_of_scans(scans: int, size: tuple[int, int] = (1600, 1200)) -> bytes:
    """Returns a progressive JPEG whose last scan is repeated until there are so many."""
    content = saved(Image.new("L", size, 99), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (scans - content.count(b"\xff\xda")) + b"\xff\xd9"


def tiff(
    tags: dict[int, tuple[int, list[int]]], data: bytes, *, order: str = "<", big: bool = False
) -> bytes:
    """Returns a TIFF of these tags, each a type and its values, the data at the end.

    A value of -1 stands for where the data lie.
    """
    types = {1: "B", 3: "H", 4: "I", 16: "Q"}
    number, pointer = ("Q", "Q") if big else ("H", "I")
    head = (
        struct.pack(order + "2sHHHQ", b"", 43, 8, 0, 16) if big else struct.pack(order + "2sHI", b"", 42, 8)
    )
    inline = struct.calcsize("=" + pointer)
    outside_at = len(head) + struct.calcsize("=" + number) + len(tags) * (4 + 2 * inline) + inline
    outside_size = sum(
        struct.calcsize("=" + types[kind]) * len(values)
        for kind, values in tags.values()
        if struct.calcsize("=" + types[kind]) * len(values) > inline
    )
    entries, outside = b"", b""
    for tag, (kind, values) in tags.items():
        places = [outside_at + outside_size if value == -1 else value for value in values]
        packed = struct.pack(f"{order}{len(places)}{types[kind]}", *places)
        if len(packed) > inline:
            at = struct.pack(order + pointer, outside_at + len(outside))
            outside += packed
            packed = at
        entries += struct.pack(f"{order}HH{pointer}", tag, kind, len(values)) + packed.ljust(inline, b"\0")
    directory = struct.pack(order + number, len(tags)) + entries + bytes(inline)
    return (b"II" if order == "<" else b"MM") + head[2:] + directory + outside + data


@functools.cache
def tiled_tiff(width: int, height: int, *, kind: int = 4, order: str = "<", big: bool = False) -> bytes:
    """Returns a packed grey TIFF of 16 x 16 pixels in one tile of that size."""
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(width)) for _ in range(height)) + packer.flush()
    tags = {256: [16], 257: [16], 258: [8], 259: [8], 262: [1], 277: [1], 322: [width], 323: [height]}
    typed = {tag: (kind if tag in (322, 323) else 3, values) for tag, values in tags.items()}
    return tiff({**typed, 324: (4, [-1]), 325: (4, [len(data)])}, data, order=order, big=big)


def tiff_of_strips(strips: int) -> bytes:
    """Returns a TIFF of 8 x 8 pixels that says it lies in so many strips."""
    tags = {256: (3, [8]), 257: (3, [8]), 258: (3, [8]), 262: (3, [1]), 278: (3, [1])}
    return tiff({**tags, 273: (4, [8] * strips), 279: (4, [1] * strips)}, b"")


def bmp_in_runs(width: int, height: int) -> bytes:
    """Returns a BMP that is packed in runs of one pixel."""
    data = (b"\1\0\1\1" * (width // 2) + b"\0\0") * height + b"\0\1"
    start = 54 + 1024
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    head += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    return head + bytes(1024) + data


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24), *parts)


def grid(tile: bytes, rows: int, columns: int, size: tuple[int, int], tile_size: tuple[int, int]) -> bytes:
    """Returns an HEIF or AVIF file that puts a picture together of the same tile, time and again.

    Args:
        tile: A file of one coded picture.
        rows: How many tiles lie one below the other.
        columns: How many lie side by side.
        size: The picture's width and height.
        tile_size: What the file says of the tile's.
    """
    kind = b"hvc1" if b"hvcC" in tile else b"av01"
    configuration = b"hvcC" if kind == b"hvc1" else b"av1C"
    at = tile.index(configuration) - 4
    configured = tile[at : at + int.from_bytes(tile[at : at + 4], "big")]
    coded = tile[tile.index(b"mdat") + 4 :]
    items = range(2, 2 + rows * columns)
    put_together = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
    entries = [(1, b"grid"), *((item, kind) for item in items)]
    iinf = [_full_box(b"infe", 2, struct.pack(">HH4sx", item, 0, name)) for item, name in entries]
    ispe = [_full_box(b"ispe", 0, struct.pack(">II", *shape)) for shape in (size, tile_size)]
    properties = _box(b"ipco", *ispe, configured, _full_box(b"pixi", 0, b"\3\10\10\10"))
    associations = [
        struct.pack(">HB2B", 1, 2, 1, 4),
        *(struct.pack(">HB3B", item, 3, 2, 0x83, 4) for item in items),
    ]
    ipma = _full_box(b"ipma", 0, struct.pack(">I", len(entries)), *associations)
    brand = b"heic" if kind == b"hvc1" else b"avif"
    ftyp = _box(b"ftyp", brand, bytes(4), b"mif1miaf", brand)

    def make_meta(start: int) -> bytes:
        places = [(1, start, len(put_together))]
        places += [(item, start + len(put_together), len(coded)) for item in items]
        located = [struct.pack(">HHHII", item, 0, 1, where, length) for item, where, length in places]
        return _full_box(
            b"meta",
            0,
            _full_box(b"hdlr", 0, struct.pack(">I4s13x", 0, b"pict")),
            _full_box(b"pitm", 0, struct.pack(">H", 1)),
            _full_box(b"iinf", 0, struct.pack(">H", len(entries)), *iinf),
            _full_box(b"iref", 0, _box(b"dimg", struct.pack(f">HH{len(items)}H", 1, len(items), *items))),
            _box(b"iprp", properties, ipma),
            _full_box(b"iloc", 0, struct.pack(">BBH", 0x44, 0, len(places)), *located),
        )

    meta = make_meta(len(ftyp) + len(make_meta(0)) + 8)
    return ftyp + meta + _box(b"mdat", put_together, coded)


def declare(content: bytes, width: int, height: int) -> bytes:
    """Returns an HEIF or AVIF file that says it has another size."""
    at = content.index(b"ispe") + 8
    return content[:at] + struct.pack(">II", width, height) + content[at + 8 :]


@functools.cache
def flat(image_format: str, width: int, height: int) -> bytes:
    """Returns a picture of one colour that takes little time to write."""
    return saved(Image.new("RGB", (width, height), "teal"), image_format, speed=10, quality=30)


def insert(content: bytes, position: int, part: bytes, times: int) -> bytes:
    """Returns the bytes with a part put into them so many times."""
    return content[:position] + part * times + content[position:]


def interlaced_png(image: Image.Image) -> bytes:
    """Returns an RGB picture as a PNG that shows all of it coarsely first, and then ever finer."""
    pixels = np.asarray(image)
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    parts = [pixels[top::down, left::across] for left, top, across, down in passes]
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.shape[1] for row in part)
    return png(zlib.compress(rows), size=image.size, interlaced=True)


BOMBS = [
    Case("JPEG of 101 scans", lambda: jpeg_of_scans(101)),
    Case("JPEG of 3,000 scans", lambda: jpeg_of_scans(3_000)),
    Case("several JPEGs in one, the first of 3,000 scans", lambda: jpeg_of_scans(3_000) + jpeg_of_scans(9)),
    Case(
        "JPEG of a million comments", lambda: insert(saved(gradient(9, 9), "JPEG"), 2, b"\xff\xfe\0\2", 10**6)
    ),
    Case("PNG of a million chunks", lambda: insert(PNG, 33, png_chunk(b"prVt", b""), 10**6)),
    Case("PNG of a million empty pieces of pixels", lambda: insert(PNG, 33, png_chunk(b"IDAT", b""), 10**6)),
    Case("column of pixels", lambda: saved(Image.new("L", (1, 2_000_000)), "PNG")),
    Case("row of pixels", lambda: saved(Image.new("L", (2_000_000, 1)), "PNG")),
    Case("strip of pixels", lambda: saved(Image.new("L", (20, 2_001)), "JPEG")),
    Case("row of pixels in a GIF", lambda: saved(Image.new("L", (65_000, 9)), "GIF"), is_plain=False),
    Case("row of pixels in a WebP", lambda: saved(Image.new("L", (16_000, 9)), "WEBP"), is_plain=False),
    Case("row of pixels in a BMP", lambda: saved(Image.new("L", (65_000, 9)), "BMP"), is_plain=False),
    Case("row of pixels in a TIFF", lambda: saved(Image.new("L", (65_000, 9)), "TIFF"), is_plain=False),
    Case("TIFF in one huge tile", lambda: tiled_tiff(15_000, 20_000), is_plain=False),
    Case("TIFF of the other byte order in one huge tile", lambda: tiled_tiff(8_000, 8_000, order=">"), False),
    Case("TIFF in one huge tile by short numbers", lambda: tiled_tiff(8_000, 8_000, kind=3), False),
    Case("TIFF in one huge tile by long numbers", lambda: tiled_tiff(8_000, 8_000, kind=16), False),
    Case("large TIFF in one huge tile", lambda: tiled_tiff(8_000, 8_000, big=True), is_plain=False),
    Case("TIFF of a million strips", lambda: tiff_of_strips(10**6), is_plain=False),
    Case("BMP in nine million runs", lambda: bmp_in_runs(3_000, 3_000), is_plain=False),
    Case(
        "HEIC of large tiles",
        lambda: grid(flat("HEIF", 2_400, 2_400), 1, 20, (2_400,) * 2, (2_400,) * 2),
        False,
    ),
    Case(
        "HEIC of larger tiles than it says",
        lambda: grid(flat("HEIF", 2_400, 2_400), 1, 20, (2_000, 90), (100,) * 2),
        False,
    ),
    Case("HEIC of more pixels than it says", lambda: declare(flat("HEIF", 2_400, 2_400), 128, 128), False),
    Case(
        "AVIF of large tiles",
        lambda: grid(flat("AVIF", 2_400, 2_400), 1, 20, (2_400,) * 2, (2_400,) * 2),
        False,
    ),
    Case(
        "AVIF of larger tiles than it says",
        lambda: grid(flat("AVIF", 2_400, 2_400), 1, 20, (2_000, 100), (100,) * 2),
        False,
    ),
    Case("AVIF of more pixels than it says", lambda: declare(flat("AVIF", 7_400, 7_400), 128, 128), False),
]
