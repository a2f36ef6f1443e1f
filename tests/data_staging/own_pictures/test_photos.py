"""What becomes of each kind of photo file, good, bad and hostile."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops

from data_staging.photos import MAX_BYTES, UnreadablePhoto, pixel_digest, png, read_photo
from lambdas.workflow.photo import TARGET_PIXELS
from tests.data_staging.own_pictures.photo_files import save, shapes

FORMATS = ("JPEG", "HEIF", "PNG", "WEBP", "GIF", "BMP", "TIFF")
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}
RED = (200, 30, 30)


def colour(image: Image.Image) -> tuple[int, ...]:
    """The colour in the middle."""
    value = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(value, tuple)
    return value


def near(first: Image.Image, second: Image.Image, tolerance: int) -> bool:
    assert first.size == second.size
    return max(high for _, high in ImageChops.difference(first, second).getextrema()) <= tolerance


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_photo_is_known_by_its_content_whatever_its_name(image_format: str, tmp_path: Path) -> None:
    image = read_photo(save(Image.new("RGB", (50, 40), RED), tmp_path / "photo.txt", image_format))
    assert (image.mode, image.size) == ("RGB", (50, 40))
    assert colour(image) == pytest.approx(RED, abs=6)


@pytest.mark.parametrize("image_format", LOSSLESS)
def test_a_small_photo_is_staged_pixel_for_pixel(image_format: str, tmp_path: Path) -> None:
    image = shapes("small")
    file = save(image, tmp_path / "photo", image_format, **LOSSLESS[image_format])
    assert pixel_digest(read_photo(file)) == pixel_digest(image)


@pytest.mark.parametrize("size", [(3000, 2000), (1000, 1500), (5000, 100), (90, 9000)])
def test_a_large_photo_is_scaled_down_keeping_its_proportions(size: tuple[int, int], tmp_path: Path) -> None:
    original = shapes("large", size)
    image = read_photo(save(original, tmp_path / "photo", "BMP"))
    assert 0.98 * TARGET_PIXELS < image.width * image.height < 1.02 * TARGET_PIXELS
    assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.02)
    # What serving sends of so large a photo may be a JPEG.
    assert near(image, original.resize(image.size, Image.Resampling.LANCZOS), 25)


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF", "WEBP", "PNG", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_staged_upright(image_format: str, orientation: int, tmp_path: Path) -> None:
    stored = shapes("turned", (192, 128))
    pixels = np.asarray(stored)
    # Exif 2.32, tag 0x0112: where the stored first row and first column belong.
    upright = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: np.rot90(pixels, -1),
        7: pixels[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(pixels),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = read_photo(save(stored, tmp_path / "photo", image_format, exif=exif.tobytes()))
    assert near(image, Image.fromarray(np.ascontiguousarray(upright)), 40)


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_an_animation_the_first_frame_counts(image_format: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in (RED, (0, 0, 250), (0, 250, 0))]
    file = save(frames[0], tmp_path / "photo", image_format, save_all=True, append_images=frames[1:])
    assert colour(read_photo(file)) == pytest.approx(RED, abs=6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LAB"])
def test_every_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    grey = Image.new("RGB", (20, 20), "white")
    image = grey if mode == "LAB" else grey.convert(mode)
    file = save(image, tmp_path / "photo", "TIFF")
    read = read_photo(file)
    assert read.mode == "RGB"
    assert colour(read) == pytest.approx((255, 255, 255), abs=3)


def test_the_colours_of_a_cmyk_jpeg_are_not_inverted(tmp_path: Path) -> None:
    file = save(Image.new("RGB", (20, 20), RED).convert("CMYK"), tmp_path / "photo", "JPEG")
    assert colour(read_photo(file)) == pytest.approx(RED, abs=6)


@pytest.mark.parametrize(("stored", "read"), [(0, 0), (32_896, 128), (65_535, 255)])
@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(
    image_format: str, stored: int, read: int, tmp_path: Path
) -> None:
    image = Image.fromarray(np.full((20, 20), stored, np.uint16))
    assert colour(read_photo(save(image, tmp_path / "photo", image_format))) == (read, read, read)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_what_is_transparent_becomes_white(mode: str, tmp_path: Path) -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    if mode == "P":
        file = save(clear, tmp_path / "photo", "GIF")
    elif mode == "PA":
        file = save(clear.quantize(4), tmp_path / "photo", "PNG")
    else:
        file = save(clear.convert(mode), tmp_path / "photo", "PNG")
    assert colour(read_photo(file)) == (255, 255, 255)


def test_no_metadata_is_staged(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    file = save(
        shapes("home"), tmp_path / "photo", "JPEG", exif=exif, comment=b"at home", icc_profile=b"p" * 500
    )
    assert b"a camera" in file.read_bytes()
    content = png(read_photo(file))
    kinds, position = [], 8
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        kinds.append(content[position + 4 : position + 8])
        position += length + 12
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int, colour_type: int = 2) -> bytes:
    """A PNG of next to no bytes that says it is that large."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def progressive() -> bytes:
    """A small progressive JPEG whose header says 20000 x 10000."""
    file = io.BytesIO()
    shapes("progressive").save(file, "JPEG", progressive=True)
    content = bytearray(file.getvalue())
    start = content.index(b"\xff\xc2")
    content[start + 5 : start + 9] = struct.pack(">HH", 10_000, 20_000)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"GIF89a", "no image|broken"),
        (b"just text", "no image of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image of a known format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image of a known format"),
        (png_claiming(60_000, 60_000), "too many pixels"),
        (png_claiming(20_000, 3_000), "at most 52 megapixels"),
        (png_claiming(1_000, 1_000), "a broken image"),
        (png_claiming(10, 10, colour_type=3), "a broken image"),
        (progressive(), "20000 x 10000 pixels: at most 52 megapixels"),
    ],
)
def test_what_is_no_photo_is_refused_with_the_reason(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(UnreadablePhoto, match=reason):
        read_photo(tmp_path / "photo.jpg")


@pytest.mark.parametrize("image_format", FORMATS)
def test_half_a_photo_is_refused(image_format: str, tmp_path: Path) -> None:
    whole = save(shapes("whole", (200, 200)), tmp_path / "whole", image_format).read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadablePhoto):
        read_photo(tmp_path / "half")


def test_a_photo_too_long_and_thin_for_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="too long and thin"):
        read_photo(save(Image.new("RGB", (4_000, 20)), tmp_path / "photo"))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_thirty_two_bits_are_refused(mode: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="32 bits a channel"):
        read_photo(save(Image.new(mode, (20, 20)), tmp_path / "photo", "TIFF"))


def test_a_baseline_jpeg_may_have_more_pixels_than_are_decoded_whole(tmp_path: Path) -> None:
    file = save(Image.new("L", (8_000, 7_000), 90), tmp_path / "photo", "JPEG")
    image = read_photo(file)
    assert image.width / image.height == pytest.approx(8 / 7, rel=0.01)
    assert colour(image) == pytest.approx((90, 90, 90), abs=2)


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "photo"
    with file.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    with pytest.raises(UnreadablePhoto, match="bytes long"):
        read_photo(file)


def test_a_file_that_may_not_be_read_is_no_broken_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(file: Path) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    file = save(shapes("private"), tmp_path / "photo")
    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(UnreadablePhoto, match="not readable: Permission denied"):
        read_photo(file)


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    (tmp_path / "folder").symlink_to("/")
    for name in ("pipe", "nowhere", "folder"):
        with pytest.raises(UnreadablePhoto, match="no file"):
            read_photo(tmp_path / name)


@pytest.mark.parametrize("image_format", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0, 1),
)
def test_whatever_damage_gives_a_small_picture_or_a_reason(
    image_format: str, changes: list[tuple[float, int]], kept: float, tmp_path: Path
) -> None:
    content = bytearray(save(shapes("damage"), tmp_path / "whole", image_format).read_bytes())
    for where, value in changes:
        content[int(where * len(content))] = value
    (tmp_path / "damaged").write_bytes(content[: 1 + int(kept * len(content))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = read_photo(tmp_path / "damaged")
        except UnreadablePhoto as refused:
            assert "\n" not in str(refused)
        else:
            assert image.mode == "RGB"
            assert image.width * image.height <= 1.02 * TARGET_PIXELS
