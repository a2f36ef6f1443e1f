"""A photo arrives in sRGB, whatever its profile says its numbers mean."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from lambdas.workflow.photos import photo
from tests.lambdas import profiles
from tests.lambdas.samples import gradient, opened, saved

MAX_BYTES = 98_304
COLOURS = [
    "red",
    "lime",
    "blue",
    "orange",
    "teal",
    "hotpink",
    "olive",
    "white",
    "grey",
    "black",
    "gold",
    "navy",
]
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4", "speed": 8},
    "HEIF": {"quality": -1, "chroma": 444},
    "JPEG": {"quality": 100, "subsampling": 0},
}


def patches() -> Image.Image:
    """Returns a picture of saturated colours in large patches."""
    image = Image.new("RGB", (128, 96))
    for number, colour in enumerate(COLOURS):
        image.paste(colour, (number % 4 * 32, number // 4 * 32, number % 4 * 32 + 32, number // 4 * 32 + 32))
    return image


def small(image: Image.Image, image_format: str = "PNG", **options: Any) -> Image.Image:
    content = saved(image, image_format, **LOSSLESS.get(image_format, {}), **options)
    return opened(photo.make_small_image(content, MAX_BYTES))


def apart(image: Image.Image, other: Image.Image) -> int:
    """Returns the largest difference of two pictures, in the middles of their patches."""
    centres = [(x, y) for x in range(16, 128, 32) for y in range(16, 96, 32)]
    pairs = [(image.getpixel(at), other.getpixel(at)) for at in centres]
    return max(abs(a - b) for pixels in pairs for a, b in zip(*pixels, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("image_format", list(LOSSLESS))
@pytest.mark.parametrize(
    ("primaries", "gamma"),
    [
        pytest.param(profiles.DISPLAY_P3, None, id="Display P3, as an iPhone's"),
        pytest.param(profiles.ADOBE_RGB, 2.2, id="Adobe RGB"),
        pytest.param(profiles.PROPHOTO, 1.8, id="ProPhoto"),
    ],
)
def test_the_colours_of_other_spaces_arrive_as_they_look(
    primaries: profiles.Primaries, gamma: float | None, image_format: str
) -> None:
    meant = patches()
    stored = profiles.in_space(meant, primaries, gamma)
    profile = profiles.rgb_profile(primaries, gamma)
    assert apart(small(stored, image_format, icc_profile=profile), meant) <= 15
    assert apart(small(stored, image_format), meant) > 100


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_the_colours_of_palettes_and_of_transparent_pictures_are_brought_to_srgb_too(mode: str) -> None:
    meant = patches()
    stored = profiles.in_space(meant, profiles.DISPLAY_P3)
    stored = stored.quantize(32) if mode == "P" else stored.convert("RGBA")
    assert apart(small(stored, icc_profile=profiles.rgb_profile(profiles.DISPLAY_P3)), meant) <= 6


def test_what_is_transparent_is_white_and_what_is_half_so_halfway_to_it() -> None:
    stored = profiles.in_space(patches(), profiles.PROPHOTO, 1.8).convert("RGBA")
    stored.putalpha(128)
    stored.paste((0, 0, 0, 0), (0, 0, 32, 32))
    result = small(stored, icc_profile=profiles.rgb_profile(profiles.PROPHOTO, 1.8))
    assert result.getpixel((16, 16)) == (255, 255, 255)
    assert result.getpixel((48, 16)) == pytest.approx((127, 255, 127), abs=6)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_grey_pictures_arrive_as_light_as_they_look(image_format: str, has_alpha: bool) -> None:
    meant = Image.linear_gradient("L").resize((64, 48))
    stored = profiles.in_grey(meant, 1.0)
    if has_alpha and image_format == "PNG":
        stored = stored.convert("LA")
    result = small(stored, image_format, icc_profile=profiles.grey_profile(1.0))
    assert max(ImageChops.difference(result, meant.convert("RGB")).crop((0, 12, 64, 48)).tobytes()) <= 6


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_printed_colours_arrive_as_they_look(image_format: str) -> None:
    """Printed cyan, say, is far from the (0, 255, 255) that its inks would be by plain numbers."""
    inks = {
        (0, 0, 0, 0): (100.0, 0.0, 0.0),
        (1, 0, 0, 0): (55.0, -37.0, -50.0),
        (0, 1, 0, 0): (48.0, 74.0, -3.0),
        (0, 0, 1, 0): (89.0, -5.0, 93.0),
    }
    profile = profiles.cmyk_profile(inks)
    to_srgb = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    for ink, (lightness, a, b) in inks.items():
        lab = Image.new("LAB", (8, 8), (round(lightness * 2.55), round(a) + 128, round(b) + 128))
        meant = ImageCms.applyTransform(lab, to_srgb)
        assert meant is not None
        stored = Image.new("CMYK", (40, 30), tuple(255 * share for share in ink))
        result = small(stored, image_format, icc_profile=profile)
        assert result.getpixel((20, 15)) == pytest.approx(meant.getpixel((4, 4)), abs=8)


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(profiles.rgb_profile(profiles.SRGB), id="sRGB"),
        pytest.param(
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), id="LittleCMS's sRGB"
        ),
        pytest.param(b"", id="empty"),
        pytest.param(b"p" * 500, id="garbage"),
        pytest.param(profiles.rgb_profile(profiles.PROPHOTO, 1.8)[:300], id="cut off"),
        pytest.param(profiles.grey_profile(1.0), id="of grey pictures"),
        pytest.param(profiles.cmyk_profile({}), id="of printed pictures"),
        pytest.param(profiles.make(b"RGB ", {b"A2B0": b"mpet" + bytes(100)}), id="of steps"),
        pytest.param(profiles.make(b"RGB ", {}, device=b"link"), id="of no device"),
        pytest.param(profiles.rgb_profile(profiles.PROPHOTO, 1.8) + bytes(5 * 2**20), id="of 5 MiB"),
    ],
)
@pytest.mark.parametrize("image_format", list(LOSSLESS))
def test_a_profile_of_srgb_or_of_no_use_changes_no_pixel(profile: bytes, image_format: str) -> None:
    image = gradient(128, 96)
    with_profile = small(image, image_format, icc_profile=profile) if profile else small(image, image_format)
    assert with_profile.tobytes() == small(image, image_format).tobytes()


def test_a_png_s_profile_that_unpacks_to_megabytes_is_passed_over() -> None:
    image = gradient(64, 48)
    content = saved(image, "PNG", icc_profile=bytes(30 * 2**20))
    assert opened(photo.make_small_image(content, MAX_BYTES)).tobytes() == image.tobytes()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_profile_breaks_a_photo(data: st.DataObject) -> None:
    """Whatever it says: the photo arrives in its size, and its profile nowhere."""
    kinds = {
        "RGB": profiles.rgb_profile(profiles.DISPLAY_P3),
        "L": profiles.grey_profile(1.8),
        "CMYK": profiles.cmyk_profile({(0, 0, 0, 0): (100.0, 0.0, 0.0)}),
    }
    mode = data.draw(st.sampled_from(list(kinds)))
    profile = bytearray(data.draw(st.sampled_from(list(kinds.values()))))
    for _ in range(data.draw(st.integers(0, 8))):
        profile[data.draw(st.integers(0, len(profile) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(profile[: data.draw(st.integers(1, len(profile)))]) + data.draw(st.binary(max_size=9))
    result = small(gradient(24, 16).convert(mode), "JPEG", icc_profile=content)
    assert (result.size, result.mode) == ((24, 16), "RGB")
    assert "icc_profile" not in result.info
