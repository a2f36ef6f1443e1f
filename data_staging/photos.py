"""Reads a photo file of whatever kind as the small upright RGB picture that is staged of it."""

import hashlib
import io
import os
import threading
from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps

# What phones, cameras and screenshots write: the fewer decoders, the less to attack. Pillow opens MPO, the
# several JPEGs in one file that some phones write, as JPEG. HEIF is what an iPhone writes (.heic).
FORMATS = ("JPEG", "HEIF", "PNG", "GIF", "BMP", "WEBP", "TIFF")
pillow_heif.register_heif_opener()

MAX_PIXELS = 52_000_000
"""The most pixels of an image that is decoded whole: 50 megapixels (8192 x 6144) and a little."""
MAX_PIXELS_BASELINE_JPEG = 256_000_000
"""The most pixels of a baseline JPEG, which can be scaled down while it is decoded; phones make up to 200."""
MAX_BYTES = 6 * MAX_PIXELS
"""The most bytes of a file: all pixels of three channels of 16 bits, uncompressed."""
MAX_LENGTH_TO_WIDTH = 100
"""Longer and thinner, nothing is left of the short side when training resizes it."""

STAGED_PIXELS = 262_144
"""The most pixels of a staged picture, about 590 x 440: what the workflow's first function leaves of a photo
that is to be classified. Training sees no more of one than serving does."""

# Pillow's own guard, which looks where this module's does not (frames, tiles), raises above twice this.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS_BASELINE_JPEG

DECODERS = min(4, os.cpu_count() or 1)
# The pixels of a photo take up to 800 MB while it is decoded, however many threads ask for one.
_decoding = threading.BoundedSemaphore(DECODERS)


class UnreadablePhoto(Exception):
    """No picture can be made of the file; the message goes on from "it is"."""


def read_photo(file: Path) -> Image.Image:
    """Returns the picture that is staged of a photo: upright, RGB, at most STAGED_PIXELS, without metadata.

    The format is known by content. Of an animation the first frame counts. What is transparent becomes white,
    16 bits are scaled to 8. A larger photo is scaled down, keeping its proportions.

    Raises:
        UnreadablePhoto: It is no image, not a whole one, of a format that is not read, or too large.
    """
    try:
        if not file.is_file():
            raise UnreadablePhoto("no file (links to folders are not followed)")
        if not (size := file.stat().st_size):
            raise UnreadablePhoto("empty")
        if size > MAX_BYTES:
            raise UnreadablePhoto(f"{size} bytes long: at most {MAX_BYTES} are read")
        with _decoding, Image.open(file, formats=FORMATS) as image:
            return _staged(image)
    except UnreadablePhoto:
        raise
    except Image.UnidentifiedImageError:
        raise UnreadablePhoto(f"no image of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError as error:
        raise UnreadablePhoto(f"too large: {error}") from None
    except Exception as error:
        # Pillow's decoders raise whatever the malformed bytes make them trip over: no list of it is kept.
        if isinstance(error, OSError) and error.strerror:
            raise UnreadablePhoto(f"not readable: {error.strerror}") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadablePhoto(f"a broken image: {reason}"[:200]) from None


def pixel_digest(image: Image.Image) -> str:
    """Returns the SHA-256 of an RGB image's size and pixels, in hex."""
    digest = hashlib.sha256(f"{image.width}x{image.height}\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def png(image: Image.Image) -> bytes:
    """Returns the image as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _staged(image: Image.Image) -> Image.Image:
    width, height = image.size
    baseline_jpeg = image.format in ("JPEG", "MPO") and "progressive" not in image.info
    limit = MAX_PIXELS_BASELINE_JPEG if baseline_jpeg else MAX_PIXELS
    if width * height > limit:
        raise UnreadablePhoto(
            f"{width} x {height} pixels: at most {limit // 1_000_000} megapixels are decoded"
        )
    if max(width, height) > MAX_LENGTH_TO_WIDTH * min(width, height):
        raise UnreadablePhoto(f"{width} x {height} pixels: too long and thin")
    if width * height > MAX_PIXELS:
        image.draft(image.mode, (width // 4, height // 4))
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    picture = _in_colour(image)
    scale = (STAGED_PIXELS / (picture.width * picture.height)) ** 0.5
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    # Pillow would save colour profiles and comments, which are nobody's business.
    picture.info.clear()
    return picture


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F"):
        raise UnreadablePhoto("of 32 bits a channel, whose white is not known: export it with 8 or 16 bits")
    if image.mode == "P" and image.palette is None:
        raise UnreadablePhoto("a broken image: its colours are numbers in a palette that is not there")
    if image.mode.startswith("I;16"):
        # Pillow clips 16 bits to 8 where it should scale them.
        image = image.convert("I").point([round(value / 257) for value in range(65_536)], "L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
