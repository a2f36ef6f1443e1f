"""What becomes of each kind of image file, good and bad."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageChops

from lambdas.workflow import photo
from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from tests.lambdas.samples import gradient, noise, opened, png_claiming, saved

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


@pytest.mark.parametrize("size", [(1, 70_000), (70_000, 2), (1, 400_000)])
def test_an_image_longer_than_a_jpeg_can_be_is_shortened(size: tuple[int, int]) -> None:
    assert max(small(saved(noise(*size), "PNG")).size) <= 65_500


def test_an_extremely_long_image_keeps_at_least_a_row() -> None:
    assert small(saved(Image.new("L", (400_000, 2)), "PNG")).height >= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
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


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "MPO", "TIFF"])
def test_of_several_frames_the_first_counts(image_format: str) -> None:
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), "blue")
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
        pytest.param(saved(Image.new("F", (8, 8)), "TIFF"), "32 bits", id="floating point TIFF"),
        pytest.param(
            saved(gradient(8, 8), "PPM"), "no image of a known format", id="a format not in the list"
        ),
        pytest.param(saved(gradient(64, 64), "HEIF")[:-100], "broken", id="truncated HEIC"),
        pytest.param(png_claiming(8, 8, colour_type=3), r"broken image: \w", id="PNG without its palette"),
        pytest.param(b"\x00\x00\x00\x18ftypisom" + bytes(100), "no image of a known format", id="video"),
    ],
)
def test_what_is_no_whole_image_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InvalidImage, match=said):
        photo.make_small_image(content, MAX_BYTES)
