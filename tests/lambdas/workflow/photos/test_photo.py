"""What becomes of each kind of image file, good and bad."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from lambdas.workflow.photos import photo
from tests.lambdas import hostile_photos
from tests.lambdas.samples import gradient, noise, opened, png_chunk, png_claiming, saved

MAX_BYTES = 98_304
EXIF_ORIENTATION = 0x0112
RED = (200, 30, 30)


def small(content: bytes) -> Image.Image:
    result = photo.make_small_image(content, MAX_BYTES)
    assert len(result) <= MAX_BYTES
    image = opened(result)
    assert image.mode == "RGB"
    return image


@pytest.mark.parametrize("size", [(32, 32), (1, 1), (300, 200)])
def test_a_small_image_arrives_pixel_for_pixel(size: tuple[int, int]) -> None:
    original = gradient(*size) if size != (32, 32) else noise(*size)
    result = small(saved(original, "PNG"))
    assert result.format == "PNG"
    assert ImageChops.difference(result, original).getbbox() is None


@pytest.mark.parametrize("make", [gradient, noise])
def test_a_large_image_is_scaled_down_keeping_its_proportions(
    make: Callable[[int, int], Image.Image],
) -> None:
    original = make(2400, 1200)
    result = small(saved(original, "JPEG"))
    assert result.width * result.height <= photo.TARGET_PIXELS * 1.01
    assert result.width / result.height == pytest.approx(2, rel=0.01)
    assert min(result.size) >= 176  # nothing is scaled down further than need be


def test_what_a_scaled_down_image_shows_stays_the_same() -> None:
    original = gradient(2400, 1600)
    result = small(saved(original, "JPEG", quality=95))
    difference = ImageChops.difference(result, original.resize(result.size))
    assert max(high for _, high in difference.getextrema()) <= 8


def test_noise_that_no_png_can_hold_becomes_a_jpeg() -> None:
    assert small(saved(noise(512, 512), "PNG")).format == "JPEG"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_a_photo_is_turned_upright_as_its_exif_says(orientation: int, image_format: str) -> None:
    upright = Image.new("RGB", (64, 32), "black")
    upright.paste(RED, (0, 0, 16, 8))  # the corner at the top left
    # The transposition that undoes the one the orientation asks for.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    result = small(saved(stored, image_format, exif=exif.tobytes()))
    assert result.size == (64, 32)
    assert result.getpixel((4, 2)) == pytest.approx(RED, abs=12)
    assert result.getpixel((60, 28)) == pytest.approx((0, 0, 0), abs=12)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12"]
)
def test_broken_exif_spoils_no_photo(exif: bytes) -> None:
    assert small(saved(gradient(64, 48), "JPEG", exif=exif)).size == (64, 48)


@pytest.mark.parametrize("make", [gradient, noise])
def test_no_metadata_goes_along_however_large(make: Callable[[int, int], Image.Image]) -> None:
    profile = bytes(400_000)
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    content = saved(make(1000, 600), "JPEG", icc_profile=profile, comment=b"where I live", exif=exif)
    result = small(content)
    assert not {"icc_profile", "comment", "exif"} & set(result.info)
    assert result.width > 300


@pytest.mark.parametrize(
    ("image", "image_format", "expected"),
    [
        pytest.param(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", (255, 0, 0), id="CMYK JPEG"),
        pytest.param(Image.new("CMYK", (8, 8), (255, 0, 255, 0)), "TIFF", (0, 255, 0), id="CMYK TIFF"),
        pytest.param(Image.new("I;16", (8, 8), 40_000), "PNG", (156, 156, 156), id="16-bit PNG"),
        pytest.param(Image.new("I;16", (8, 8), 255), "PNG", (1, 1, 1), id="dark 16-bit PNG"),
        pytest.param(Image.new("I;16B", (8, 8), 65_535), "TIFF", (255, 255, 255), id="16-bit TIFF"),
        pytest.param(Image.new("L", (8, 8), 77), "PNG", (77, 77, 77), id="greyscale"),
        pytest.param(Image.new("1", (8, 8), 1), "PNG", (255, 255, 255), id="black and white"),
        pytest.param(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG", (255, 255, 255), id="transparent"),
        pytest.param(
            Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG", (127, 127, 127), id="half transparent"
        ),
        pytest.param(Image.new("LA", (8, 8), (0, 128)), "PNG", (127, 127, 127), id="grey half transparent"),
        pytest.param(Image.new("RGB", (8, 8), RED).quantize(4), "PNG", RED, id="palette"),
        pytest.param(Image.new("LAB", (8, 8), (255, 128, 128)), "TIFF", (255, 255, 255), id="LAB TIFF"),
        pytest.param(Image.new("RGB", (8, 8), RED), "BMP", RED, id="BMP"),
        pytest.param(Image.new("RGB", (8, 8), RED), "GIF", RED, id="GIF"),
    ],
)
def test_each_kind_of_pixel_becomes_rgb(
    image: Image.Image, image_format: str, expected: tuple[int, int, int]
) -> None:
    assert small(saved(image, image_format)).getpixel((4, 4)) == pytest.approx(expected, abs=1)


def test_a_transparent_colour_of_a_palette_becomes_white() -> None:
    image = Image.new("RGB", (8, 8), RED).quantize(4)
    content = saved(image, "PNG", transparency=image.getpixel((4, 4)))
    assert small(content).getpixel((4, 4)) == (255, 255, 255)


def test_a_photo_as_an_iphone_writes_it_arrives_upright_and_in_its_colours() -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    content = saved(Image.new("RGB", (900, 600), RED), "HEIF", exif=exif.tobytes())
    result = small(content)
    assert result.height > result.width
    assert result.getpixel((8, 8)) == pytest.approx(RED, abs=6)


def test_a_heic_photo_of_too_many_pixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo, "MAX_PIXELS", 899 * 600)
    with pytest.raises(ImageTooLarge, match="900 x 600 pixels"):
        photo.make_small_image(saved(Image.new("RGB", (900, 600), RED), "HEIF"), MAX_BYTES)


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "MPO", "TIFF", "AVIF", "HEIF"])
def test_of_several_frames_the_first_counts(image_format: str) -> None:
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), "blue")
    if image_format == "HEIF":
        file = pillow_heif.from_pillow(first)
        file.add_from_pillow(second)
        buffer = io.BytesIO()
        file.save(buffer)
        content = buffer.getvalue()
    else:
        content = saved(first, image_format, save_all=True, append_images=[second])
    assert small(content).getpixel((8, 8)) == pytest.approx(RED, abs=4)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"this is text, named .png", "no image of a known format", id="text"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image", id="PostScript"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image", id="SVG"),
        pytest.param(saved(gradient(64, 64), "PNG")[:-200], "broken", id="truncated PNG"),
        pytest.param(saved(gradient(64, 64), "JPEG")[:-40], "broken", id="truncated JPEG"),
        pytest.param(saved(gradient(64, 64), "GIF")[:-40], "broken", id="truncated GIF"),
        pytest.param(saved(gradient(64, 64), "PNG")[:20], "broken", id="head of a PNG"),
        pytest.param(saved(Image.new("F", (8, 8)), "TIFF"), "an image of 32 bits", id="floating point TIFF"),
        pytest.param(
            hostile_photos.tiff(
                {
                    256: (3, [4]),
                    257: (3, [4]),
                    258: (3, [32] * 3),
                    262: (3, [2]),
                    273: (4, [-1]),
                    277: (3, [3]),
                    279: (4, [192]),
                    339: (3, [3] * 3),
                },
                bytes(192),
            ),
            "an image of 32 bits a channel, whose white is not known: export it with 8 or 16 bits",
            id="floating point TIFF in colours",
        ),
        pytest.param(
            saved(gradient(8, 8), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
            "a JPEG of 12 bits a channel: save it anew with 8",
            id="12-bit JPEG",
        ),
        pytest.param(
            saved(gradient(8, 8), "BMP").replace(b"\x18\0\0\0\0\0", b"\x18\0\x09\0\0\0"),
            "or a BMP of a kind that is not read here: .*compression",
            id="BMP packed in another way",
        ),
        pytest.param(
            saved(gradient(8, 8), "PPM"), "no image of a known format", id="a format not in the list"
        ),
        pytest.param(saved(gradient(64, 64), "HEIF")[:-100], "broken", id="truncated HEIC"),
        pytest.param(png_claiming(8, 8, colour_type=3), r"broken image: \w", id="PNG without its palette"),
        pytest.param(b"\x00\x00\x00\x18ftypisom" + bytes(100), "no image of a known format", id="video"),
    ],
)
def test_what_is_no_whole_image_is_refused_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(InvalidImage, match=said) as raised:
        photo.make_small_image(content, MAX_BYTES)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("case", hostile_photos.DAMAGED, ids=lambda case: case.name)
def test_damage_is_told_from_a_whole_photo(case: hostile_photos.Case) -> None:
    with pytest.raises(InvalidImage, match=r"^a broken image"):
        photo.make_small_image(case.content(), MAX_BYTES)


PNG = saved(gradient(40, 30), "PNG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")


@given(position=st.integers(0, len(PNG) - 1), bit=st.integers(0, 7))
def test_a_png_of_which_one_bit_is_turned_is_refused_wherever_it_lies(position: int, bit: int) -> None:
    damaged = bytearray(PNG)
    damaged[position] ^= 1 << bit
    with pytest.raises((InvalidImage, ImageTooLarge)):
        photo.make_small_image(bytes(damaged), MAX_BYTES)


@given(length=st.integers(0, len(PNG) - 1))
def test_a_png_that_is_cut_off_is_refused_wherever_that_is(length: int) -> None:
    with pytest.raises(InvalidImage):
        photo.make_small_image(PNG[:length], MAX_BYTES)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(hostile_photos.interlaced_png(gradient(40, 30)), id="interlaced"),
        pytest.param(
            PNG.replace(b"\0\0\0\0IEND", png_chunk(b"prVt", b"?") + b"\0\0\0\0IEND"), id="own chunks"
        ),
        pytest.param(PNG + b"more", id="something after its end"),
        pytest.param(
            saved(gradient(40, 30), "PNG", save_all=True, append_images=[noise(40, 30)]), id="animated"
        ),
        pytest.param(
            PNG[:33] + png_chunk(b"zTXt", b"a\0\0" + bytes(60_000_000)) + PNG[33:], id="60 MB of text"
        ),
        pytest.param(saved(gradient(40, 30), "PNG", icc_profile=b"?"), id="no profile where one should be"),
    ],
)
def test_a_png_is_whole_whatever_else_lies_in_it(content: bytes) -> None:
    assert small(content).tobytes() == gradient(40, 30).tobytes()


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 3), (5, 4), (8, 8), (9, 17)])
def test_an_interlaced_png_is_whole_in_every_size(size: tuple[int, int]) -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8))
    assert small(hostile_photos.interlaced_png(image)).tobytes() == image.tobytes()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("width", [7, 8, 9])
def test_a_png_of_few_colours_is_whole_in_every_width(bits: int, width: int) -> None:
    image = gradient(width, 5).quantize(2**bits)
    assert small(saved(image, "PNG", bits=bits)).tobytes() == image.convert("RGB").tobytes()


WAYS = st.sampled_from([{}, {"progressive": True}, {"restart_marker_rows": 1}, {"quality": 100}])


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("size", [(64, 48), (1600, 1200)])
def test_a_jpeg_that_lacks_no_more_than_its_end_is_taken(
    lost: int, options: dict[str, Any], size: tuple[int, int]
) -> None:
    content = saved(gradient(*size), "JPEG", **options)
    assert small(content[:-lost]).tobytes() == small(content).tobytes()


@settings(deadline=None)
@given(options=WAYS, lost=st.integers(3, 300), is_grey=st.booleans())
def test_a_jpeg_that_is_cut_off_is_refused_unless_it_shows_all_that_the_whole_one_shows(
    options: dict[str, Any], lost: int, is_grey: bool
) -> None:
    image = gradient(64, 48).convert("L" if is_grey else "RGB")
    content = saved(image, "JPEG", **options)
    try:
        result = small(content[:-lost])
    except InvalidImage as error:
        assert str(error).startswith("a broken image")
    else:
        assert result.tobytes() == small(content).tobytes()


@pytest.mark.parametrize("before", [b"\n", b"\r\n\r\n", b" \t"])
def test_a_jpeg_after_a_blank_line_is_taken_as_browsers_do(before: bytes) -> None:
    content = saved(gradient(64, 48), "JPEG")
    assert small(before + content).tobytes() == small(content).tobytes()


@pytest.mark.parametrize("image_format", ["HEIF", "AVIF"])
def test_a_photo_that_is_put_together_of_tiles_arrives_whole(image_format: str) -> None:
    tile = saved(Image.new("RGB", (512, 512), RED), image_format)
    content = hostile_photos.grid(tile, 2, 3, (1400, 900), (512, 512))
    result = small(content)
    assert result.width / result.height == pytest.approx(14 / 9, rel=0.01)
    assert result.getpixel((5, 5)) == pytest.approx(RED, abs=6)
    assert result.getpixel((result.width - 5, result.height - 5)) == pytest.approx(RED, abs=6)


def test_a_tiff_in_tiles_arrives_whole() -> None:
    assert small(hostile_photos.tiled_tiff(256, 256)).size == (16, 16)
