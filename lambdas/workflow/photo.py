"""Turns whatever photo a phone or a camera made into a small upright RGB image for the model."""

import io
import warnings

import pillow_heif
from PIL import ExifTags, Image, ImageOps

from lambdas.workflow.errors import ImageTooLarge, InvalidImage

# What phones, cameras and screenshots write: the fewer decoders, the less to attack. Pillow opens MPO, the
# several JPEGs in one file that some phones write, as JPEG. HEIF is what an iPhone writes (.heic).
FORMATS = ("JPEG", "HEIF", "PNG", "GIF", "BMP", "WEBP", "TIFF")
pillow_heif.register_heif_opener()

MAX_BYTES = 64 * 2**20
"""The most bytes of a photo: a phone's 200-megapixel JPEG takes 20 to 50 MiB."""
MAX_PIXELS_BASELINE_JPEG = 256_000_000
"""The most pixels of a baseline JPEG. It is scaled down while it is decoded, so that its pixels never lie in
memory at once; phones make up to 200 megapixels (16320 x 12240)."""
MAX_PIXELS = 52_000_000
"""The most pixels of any other image, which is decoded whole: 50 megapixels (8192 x 6144) and a little. The
worst, a WebP, takes 16 bytes a pixel, so that with 64 MiB of file it stays within a function's 1024 MB."""

TARGET_PIXELS = 262_144
"""About 590 x 440: the network looks at 224 x 224 at most."""
JPEG_QUALITY = 90
JPEG_LONGEST_SIDE = 65_500
"""The most that libjpeg writes."""

# Pillow's own guard, which looks where this module's does not (frames, tiles), raises above twice this.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS_BASELINE_JPEG


def make_small_image(photo: bytes, max_bytes: int) -> bytes:
    """Returns the photo as an upright RGB image of at most ``max_bytes``.

    The format is known by content. Of an animation the first frame counts. What is transparent becomes white.
    An image of at most TARGET_PIXELS whose PNG fits arrives pixel for pixel, as a PNG; a larger one is scaled
    down, keeping its proportions, to a PNG or, if that is too large, a JPEG. No metadata goes along.

    Args:
        photo: The file's bytes.
        max_bytes: What the result may take, 10,000 or more.

    Raises:
        InvalidImage: Not an image, not a whole one, or one of a format that is not read here.
        ImageTooLarge: More pixels than can be decoded in the function's memory.
    """
    if not photo:
        raise InvalidImage("an empty file, no image")
    # Pillow warns of oddities in metadata, which do not matter here. Staging decodes in several threads, for
    # which ``warnings.catch_warnings`` is not made.
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    try:
        image = _decode(photo)
    except (InvalidImage, ImageTooLarge):
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(f"an image of too many pixels: {error}") from None
    except Image.UnidentifiedImageError:
        raise InvalidImage(f"no image of a known format ({', '.join(FORMATS)})") from None
    except Exception as error:
        # Pillow's decoders raise whatever the malformed bytes make them trip over: no list of it is kept.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InvalidImage(f"a broken image: {reason}"[:200]) from None
    return _encode(image, max_bytes)


def _decode(photo: bytes) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(photo), formats=FORMATS)
    _check_pixels(image)
    target = _compute_target_size(image.size)
    # A JPEG is decoded at a half, a quarter or an eighth where that leaves twice the target; others are not.
    image.draft(image.mode, (2 * target[0], 2 * target[1]))
    image.load()
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    image = _convert_to_colour(image)
    if image.size != target:
        image = image.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    # Pillow would save colour profiles, of up to half a megabyte, and comments, which are nobody's business.
    image.info.clear()
    # Turned last, where it is small.
    image.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _check_pixels(image: Image.Image) -> None:
    width, height = image.size
    baseline_jpeg = image.format in ("JPEG", "MPO") and "progressive" not in image.info
    limit = MAX_PIXELS_BASELINE_JPEG if baseline_jpeg else MAX_PIXELS
    if width * height > limit:
        raise ImageTooLarge(
            f"{width} x {height} pixels: at most {limit // 1_000_000} megapixels are decoded of such a file. "
            "Scale it down"
        )


def _compute_target_size(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, (TARGET_PIXELS / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _convert_to_colour(image: Image.Image) -> Image.Image:
    """Returns the image in mode RGB, or RGBA if some of it may be transparent."""
    if image.mode in ("I", "F"):
        raise InvalidImage(
            "an image of 32 bits a channel, whose white is not known: export it with 8 or 16 bits"
        )
    if image.mode.startswith("I;16"):
        # Pillow clips 16 bits to 8 where it should scale them.
        image = image.convert("I").point([round(value / 257) for value in range(65_536)], "L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _encode(image: Image.Image, max_bytes: int) -> bytes:
    encoded = _save(image, "PNG")
    while len(encoded) > max_bytes:
        if max(image.size) <= JPEG_LONGEST_SIDE:
            encoded = _save(image, "JPEG", quality=JPEG_QUALITY)
        image = image.reduce(2)
    return encoded


def _save(image: Image.Image, image_format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()
