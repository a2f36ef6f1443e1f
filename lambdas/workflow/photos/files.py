"""Takes from a photo's file what its decoder needs, and refuses damage and bombs before anything is decoded.

Pillow goes through each part of a file in Python and keeps it, checks no checksum of a PNG's pixels, and
takes a JPEG that lacks its last two bytes for one that lacks half of its pixels.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from lambdas.workflow.errors import InvalidImage
from lambdas.workflow.photos import boxes

STARTS = {
    "JPEG": re.compile(rb"\s*\xff\xd8\xff"),  # browsers show one after a blank line, too
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "BMP": re.compile(rb"BM"),
    "WEBP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "TIFF": re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    "AVIF": re.compile(rb".{4}ftyp(?:avi[fs]|m[is]f1.{4}(?:.{4}){0,30}?avif)", re.DOTALL),
    "HEIF": re.compile(rb".{4}ftyp(?:he[iv][cxms]|m[is]f1)", re.DOTALL),
}
"""How a file of each format begins. Files are known by their content, whatever their names say."""

MAX_PARTS = 100_000
"""The most chunks of a PNG and the most values of a TIFF's tag: a photo of 50 megapixels has some 10,000."""
MAX_SEGMENTS = 4_096
"""The most segments of a JPEG: metadata of 64 MiB comes in a thousand of them."""
MAX_SCANS = 100
"""The most passes over the pixels of a JPEG: encoders make some ten, and each takes a decoding's time."""
MAX_PNG_PROFILE_BYTES = 2**20

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_END_OF_IMAGE = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_WITHOUT_LENGTH = (0x01, 0xD8, 0xD9)
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
# Sequential ones, by Huffman's or arithmetic coding; of others libjpeg keeps all pixels until the last scan.
_STREAMED_FRAMES = (0xC0, 0xC1, 0xC9)
_KEPT_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"iCCP", b"eXIf", b"IEND")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INFLATED_AT_ONCE = 2**14
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

_TIFF_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
_TIFF_BYTES = (1, 2, 7)
_BITS_PER_SAMPLE, _TILE_WIDTH, _TILE_LENGTH = 258, 322, 323


@dataclass(frozen=True)
class PhotoFile:
    """A photo's file as it goes to its decoder.

    Attributes:
        format: One of STARTS.
        content: The file's bytes, or of a JPEG and a PNG those that show something.
        counterpart: Where the end is missing, the same with another end: it shows the same unless pixels are
            missing too.
        streamed: Whether it can be scaled down while it is decoded.
        damage: What is wrong with it.
        areas: The pixels of each part that is decoded as one, where the decoder goes by the parts.
    """

    format: str
    content: bytes
    counterpart: bytes | None = None
    streamed: bool = False
    damage: str = ""
    areas: list[int] = field(default_factory=list)


def open_file(photo: bytes) -> PhotoFile:
    """Returns what of a file goes to which decoder.

    Raises:
        InvalidImage: No image of a known format, a damaged one, or one made of far too many parts.
        struct.error, ValueError, LookupError: It breaks off, or contradicts itself.
    """
    start = next(((name, found) for name, form in STARTS.items() if (found := form.match(photo))), None)
    if start is None:
        raise InvalidImage(f"no image of a known format ({', '.join(STARTS)})")
    name, found = start
    if name == "JPEG":
        return _open_jpeg(photo, found.end() - 1)
    if name == "PNG":
        return _open_png(photo)
    if name == "TIFF":
        return PhotoFile(name, photo, areas=_read_tiff_tiles(photo))
    if name in ("HEIF", "AVIF"):
        return PhotoFile(name, photo, areas=boxes.list_areas(photo))
    return PhotoFile(name, photo)


def _open_jpeg(photo: bytes, position: int) -> PhotoFile:
    """Returns a JPEG without metadata but for its profile and the Exif with its orientation."""
    kept, has_exif = [b"\xff\xd8"], False
    components, streamed, scans, pixels = 0, False, 0, 0
    coefficients: set[tuple[int, int]] = set()
    end, is_whole = len(photo), False
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(photo, position)
        if found is None:
            break
        marker = found[1][0]
        if marker in _WITHOUT_LENGTH:
            position = found.end()
            if marker == 0x01:
                continue
            end, is_whole = found.start(), marker == 0xD9
            break
        (length,) = struct.unpack_from(">H", photo, found.end())
        position = found.end() + length
        segment = photo[found.start() : position]
        if marker in _FRAMES:
            if segment[4] != 8:
                raise InvalidImage(f"a JPEG of {segment[4]} bits a channel: save it anew with 8")
            components, streamed = segment[9], marker in _STREAMED_FRAMES
        if marker == _START_OF_SCAN:
            if not scans:
                pixels = found.start()
                # Where the channels come one after the other all pixels are kept, too.
                streamed = streamed and segment[4] == components
            scans += 1
            selection, first, last, precision = segment[5:-3:2], *segment[-3:]
            if not precision & 15:
                coefficients |= {
                    (channel, place) for channel in selection for place in range(first, last + 1)
                }
            if scans > MAX_SCANS:
                raise InvalidImage(
                    f"a JPEG of more than {MAX_SCANS} scans, which would take minutes: save it anew"
                )
        elif not scans and _shows_something(marker, segment, has_exif):
            kept.append(segment)
            has_exif = has_exif or segment[4:10] == b"Exif\0\0"
    else:
        raise InvalidImage(f"a JPEG of more than {MAX_SEGMENTS} segments: save it anew without its metadata")
    if not scans:
        raise InvalidImage("a broken image: a JPEG without pixels")
    content = b"".join([*kept, memoryview(photo)[pixels:end]])
    if is_whole:
        return PhotoFile("JPEG", content + _END_OF_IMAGE, streamed=streamed)
    if len(coefficients) < 64 * components:
        raise InvalidImage("a broken image: it breaks off")
    content = content.rstrip(b"\xff")
    ends = (content + _END_OF_IMAGE, content + _make_more_pixels(content) + _END_OF_IMAGE)
    return PhotoFile("JPEG", *ends, streamed=streamed)


def _shows_something(marker: int, segment: bytes, has_exif: bool) -> bool:
    """Returns whether a JPEG's segment says something of its pixels, their colours or which side is up."""
    if segment[4:10] == b"Exif\0\0":
        return not has_exif
    is_metadata = 0xE0 <= marker <= 0xFE
    return not is_metadata or marker in (0xE0, 0xEE) or segment[4:16] == b"ICC_PROFILE\0"


def _make_more_pixels(content: bytes) -> bytes:
    """Returns what a JPEG's decoder makes missing pixels of, and passes over if none is missing.

    Restart markers lie among pixels, numbered in turn: a decoder waits for the next one.
    """
    latest = [content.rfind(bytes([0xFF, 0xD0 + number])) for number in range(8)]
    next_number = latest.index(max(latest)) + 1 if max(latest) >= 0 else 0
    return b"".join(
        b"\xb6\x5a\xe7\x31" * 20 + bytes([0xFF, 0xD0 + number % 8])
        for number in range(next_number, next_number + 16)
    )


def _open_png(photo: bytes) -> PhotoFile:
    """Returns a PNG without its text and animation, and whether each of its chunks is whole."""
    kept: dict[bytes, list[memoryview]] = {}
    damage = ""
    for kind, chunk in _list_chunks(photo):
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            damage = damage or f"damage in its part {kind.decode('ascii', 'replace')!r}"
        if kind == b"IDAT" or (kind in _KEPT_CHUNKS and kind not in kept):
            kept.setdefault(kind, []).append(chunk)
    if b"IEND" not in kept:
        damage = damage or "it breaks off"
    if b"iCCP" in kept and not _is_short_profile(kept[b"iCCP"][0]):
        del kept[b"iCCP"]
    content = b"".join([photo[:8], *(chunk for chunks in kept.values() for chunk in chunks)])
    return PhotoFile("PNG", content, damage=damage)


def check_png_pixels(photo: bytes) -> None:
    """Makes sure that a PNG has as many bytes of pixels as its size takes, and zlib's own checksum of them.

    Raises:
        InvalidImage: It has fewer.
        zlib.error: They are damaged.
    """
    width, height, depth, colours, interlaced = struct.unpack_from(">IIBBxxB", photo, 16)
    missing = 0
    for left, top, across, down in _ADAM7 if interlaced else _WHOLE:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        row = 1 + (columns * depth * _CHANNELS.get(colours, 0) + 7) // 8
        missing += rows * row if columns > 0 else 0
    inflater = zlib.decompressobj()
    for kind, chunk in _list_chunks(photo):
        for start in range(8, len(chunk) - 4 if kind == b"IDAT" else 0, _INFLATED_AT_ONCE):
            missing -= len(inflater.decompress(chunk[start : min(start + _INFLATED_AT_ONCE, len(chunk) - 4)]))
            if missing < 0:
                return  # what comes after the last pixel is passed over
    if missing or not inflater.eof:
        raise InvalidImage("a broken image: its pixels break off")


def _list_chunks(photo: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yields the type and the whole of each of a PNG's chunks, up to the last one or where it breaks off."""
    view, position, kind = memoryview(photo), 8, b""
    for _ in range(MAX_PARTS):
        if kind == b"IEND" or position + 12 > len(photo):
            return
        length, kind = struct.unpack_from(">I4s", photo, position)
        end = position + 12 + length
        if end > len(photo):
            return
        yield kind, view[position:end]
        position = end
    raise InvalidImage(f"a PNG of more than {MAX_PARTS} chunks: save it anew")


def _is_short_profile(chunk: memoryview) -> bool:
    """Returns whether a PNG's profile can be unpacked, to no more than Pillow takes."""
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(bytes(chunk[8:-4]).partition(b"\0")[2][1:], MAX_PNG_PROFILE_BYTES)
    except zlib.error:
        return False
    return not inflater.unconsumed_tail


def _read_tiff_tiles(photo: bytes) -> list[int]:
    """Returns the pixels of a TIFF's tiles, which may be larger than the picture, if it has some.

    Raises:
        InvalidImage: A tag has far too many values, or channels have more than 16 bits.
    """
    order = "<" if photo[:1] == b"I" else ">"
    is_big = b"+" in photo[2:4]
    offset, count, entry = ("Q", "Q", "HHQ8s") if is_big else ("I", "H", "HHI4s")
    (position,) = struct.unpack_from(order + offset, photo, 8 if is_big else 4)
    (entries,) = struct.unpack_from(order + count, photo, position)
    position += struct.calcsize(order + count)
    values = {}
    for index in range(min(entries, MAX_PARTS)):
        tag, kind, number, data = struct.unpack_from(
            order + entry, photo, position + index * struct.calcsize(order + entry)
        )
        if number > MAX_PARTS and kind not in _TIFF_BYTES:
            raise InvalidImage(f"a TIFF of {number} values in its tag {tag}: save it anew")
        size = _TIFF_TYPES.get(kind, 0)
        if tag in (_BITS_PER_SAMPLE, _TILE_WIDTH, _TILE_LENGTH) and size and number and tag not in values:
            if size * number > len(data):
                (at,) = struct.unpack(order + offset, data)
                data = photo[at : at + size]
            values[tag] = int.from_bytes(data[:size], "little" if order == "<" else "big")
    if values.get(_BITS_PER_SAMPLE, 0) > 16:
        raise InvalidImage(
            f"an image of {values[_BITS_PER_SAMPLE]} bits a channel, whose white is not known: export it "
            "with 8 or 16 bits"
        )
    return [values.get(_TILE_WIDTH, 0) * values.get(_TILE_LENGTH, 0)]
