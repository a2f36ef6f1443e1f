"""Brings a picture's colours to sRGB, which is what the network is shown and what it learned from."""

import io

from PIL import Image, ImageChops, ImageCms

MAX_PROFILE_BYTES = 4 * 2**20
"""The most bytes of a profile: those of printers take up to three million."""
CLASSES = ("mntr", "scnr", "prtr", "spac")
"""The profiles that say what colours mean; others say how to change them."""
UNNOTICED = 2
"""Of 255 shades: by as much do profiles of sRGB itself differ, for they round in different ways."""


def convert_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Returns the picture as RGB, or as RGBA if it has an alpha channel.

    A profile says what its numbers mean. One that cannot be read, is for another kind of numbers, or says
    what is nearly sRGB anyway, changes nothing.

    Args:
        image: Of mode L, LA, RGB, RGBA or CMYK; a small one, for each pixel is computed.
        profile: ICC's.
    """
    has_alpha = image.mode in ("LA", "RGBA")
    plain = image.convert("RGBA" if has_alpha else "RGB")
    # A chain of steps could name the same large table as often as its author likes, and each would be read.
    if not profile or len(profile) > MAX_PROFILE_BYTES or b"mpet" in profile:
        return plain
    try:
        converted = _apply(image, profile)
    except Exception:
        # As in decoders, no list is kept of what malformed bytes make the library trip over.
        return plain
    apart = ImageChops.difference(converted, plain.convert("RGB"))
    if max(apart.tobytes()) <= UNNOTICED:
        return plain
    if has_alpha:
        converted.putalpha(image.getchannel("A"))
    return converted


def _apply(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space, is_grey = source.profile.xcolor_space, image.mode in ("L", "LA")
    if source.profile.device_class not in CLASSES:
        raise ValueError("a profile of no device")
    if space == "RGB " and image.mode != "CMYK":
        image = image.convert("RGB")
    elif space == "GRAY" and is_grey:
        image = image.convert("L")
    elif space != "CMYK" or image.mode != "CMYK":
        raise ValueError("a profile of another kind of colours")
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        image.mode,
        "RGB",
        # As browsers and image editors do: white stays white, black becomes black, all else stays in between.
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is None where the image itself was to be changed
    return converted
