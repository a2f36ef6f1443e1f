"""Turns whatever photo a phone or a camera made into a small upright sRGB image for the model."""

import io
import warnings

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from lambdas.workflow.photos.colours import convert_to_srgb
from lambdas.workflow.photos.files import PhotoFile, check_png_pixels, open_file

READERS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "HEIF": pi_heif.HeifImageFile,
}
"""What phones, cameras and screenshots write: the fewer decoders, the less to attack."""

MAX_BYTES = 64 * 2**20
"""The most bytes of a photo: a phone's 200-megapixel JPEG takes 20 to 50 MiB."""
MAX_PIXELS_BASELINE_JPEG = 256_000_000
"""The most pixels of a baseline JPEG. It is scaled down while it is decoded, so that its pixels never lie in
memory at once; phones make up to 200 megapixels (16320 x 12240)."""
MAX_PIXELS = 52_000_000
"""The most pixels of any other image, which is decoded whole: 50 megapixels (8192 x 6144) and a little. The
worst, a WebP, takes 16 bytes a pixel, so that with 64 MiB of file it stays within a function's 1024 MB."""

MAX_PIXELS_IN_PARTS = 2 * MAX_PIXELS
"""The most pixels of all tiles and coded pictures in a file: a grid's outer tiles reach beyond it."""
MAX_PIXELS_BMP_RUNS = 4_000_000
"""The most pixels of a BMP in runs of one colour, which Pillow decodes in Python: some seconds."""
MAX_LENGTH_TO_WIDTH = 100
"""Longer and thinner ones are too large for training once it has resized their short side, and take far more
memory for a pixel than others."""

TARGET_PIXELS = 262_144
"""About 590 x 440: the network looks at 224 x 224 at most."""
JPEG_QUALITY = 90

# Pillow's own guard, which looks where this module's does not (frames), raises above twice this.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS_BASELINE_JPEG


def make_small_image(photo: bytes, max_bytes: int, max_pixels: int = TARGET_PIXELS) -> bytes:
    """Returns the photo as an upright sRGB image of at most ``max_bytes``.

    The format is known by content. Of an animation the first frame counts. What is transparent becomes white.
    An image of at most ``max_pixels`` whose PNG fits arrives pixel for pixel, as a PNG; a larger one is
    scaled down, keeping its proportions, to a PNG or, if that is too large, a JPEG. No metadata goes along.

    Args:
        photo: The file's bytes.
        max_bytes: What the result may take, 10,000 or more.
        max_pixels: How many pixels the result may have.

    Raises:
        InvalidImage: Not an image, not a whole one, or one of a format or kind that is not read here.
        ImageTooLarge: More pixels than can be decoded in the function's memory, or too long and thin.
    """
    if not photo:
        raise InvalidImage("an empty file, no image")
    # Pillow warns of oddities in metadata, which do not matter here. Staging decodes in several threads, for
    # which ``warnings.catch_warnings`` is not made.
    warnings.filterwarnings("ignore", module="PIL|pi_heif")
    try:
        image = _decode(open_file(photo), max_pixels)
    except (InvalidImage, ImageTooLarge):
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageTooLarge(f"an image that takes too much memory: {_shorten(error)}") from None
    except Exception as error:
        # The decoders raise whatever the malformed bytes make them trip over: no list of it is kept.
        raise InvalidImage(f"a broken image: {_shorten(error)}") from None
    return _encode(image, max_bytes)


def _decode(file: PhotoFile, max_pixels: int) -> Image.Image:
    try:
        image = READERS[file.format](io.BytesIO(file.content), "")
    except (SyntaxError, OSError, ValueError) as error:
        kind = (
            f"or a {file.format} of a kind that is not read here: {_shorten(error)}. Save it as JPEG or PNG"
        )
        raise InvalidImage(
            f"a broken image: {file.damage}" if file.damage else f"a broken image, {kind}"
        ) from None
    _check_size(image, file)
    if file.damage:
        raise InvalidImage(f"a broken image: {file.damage}")
    if file.format == "PNG":
        check_png_pixels(file.content)
    orientation, small = _scale(image, max_pixels)
    if file.counterpart:
        _, other = _scale(READERS[file.format](io.BytesIO(file.counterpart), ""), max_pixels)
        if other.tobytes() != small.tobytes():
            raise InvalidImage("a broken image: its pixels break off")
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    # Pillow would save colour profiles, of up to half a megabyte, and comments, which are nobody's business.
    small.info.clear()
    # Turned last, where it is small.
    small.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(small, in_place=True)
    return small


def _scale(image: ImageFile.ImageFile, max_pixels: int) -> tuple[int | None, Image.Image]:
    """Returns the Exif's orientation, and the image decoded, in its final size, as RGB or RGBA."""
    target = _compute_target_size(image.size, max_pixels)
    # A JPEG is decoded at a half, a quarter or an eighth where that leaves twice the target; others are not.
    image.draft(image.mode, (2 * target[0], 2 * target[1]))
    image.load()
    orientation, profile = image.getexif().get(ExifTags.Base.Orientation), image.info.get("icc_profile")
    unified = _unify(image, keep_cmyk=bool(profile))
    if unified.size != target:
        unified = unified.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return orientation, convert_to_srgb(unified, profile)


def _check_size(image: ImageFile.ImageFile, file: PhotoFile) -> None:
    width, height = image.size
    if max(width, height) > MAX_LENGTH_TO_WIDTH * min(width, height):
        raise ImageTooLarge(
            f"{width} x {height} pixels: too long and thin. At most {MAX_LENGTH_TO_WIDTH} times as long as "
            "wide is taken"
        )
    limit = MAX_PIXELS_BASELINE_JPEG if file.streamed else MAX_PIXELS
    if image.tile and image.tile[0].codec_name == "bmp_rle":
        limit = MAX_PIXELS_BMP_RUNS
    if width * height > limit:
        raise ImageTooLarge(
            f"{width} x {height} pixels: at most {limit // 1_000_000} megapixels are decoded of such a file. "
            "Scale it down"
        )
    if max(file.areas, default=0) > MAX_PIXELS or sum(file.areas) > MAX_PIXELS_IN_PARTS:
        raise ImageTooLarge(
            f"{width} x {height} pixels, but made of parts of {sum(file.areas)} pixels: at most "
            f"{MAX_PIXELS // 1_000_000} megapixels are decoded of such a file. Save it anew"
        )


def _compute_target_size(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    target = max(1, round(width * scale)), max(1, round(height * scale))
    # Rounding the short side down would make a long and thin one longer and thinner than is taken.
    longest = MAX_LENGTH_TO_WIDTH * min(target)
    return min(target[0], longest), min(target[1], longest)


def _unify(image: Image.Image, *, keep_cmyk: bool) -> Image.Image:
    """Returns the image in one of the modes L, LA, RGB and RGBA, or left in CMYK."""
    if image.mode in ("I", "F"):
        raise InvalidImage(
            "an image of 32 bits a channel, whose white is not known: export it with 8 or 16 bits"
        )
    if image.mode.startswith("I;16"):
        # Pillow clips 16 bits to 8 where it should scale them.
        image = image.convert("I").point([round(value / 257) for value in range(65_536)], "L")
    if image.mode == "CMYK" and keep_cmyk:
        return image
    mode = ("LA" if image.mode in ("1", "L", "LA") else "RGBA") if image.has_transparency_data else "RGB"
    if mode == "RGB" and image.mode in ("1", "L"):
        mode = "L"
    return image if image.mode == mode else image.convert(mode)


def _encode(image: Image.Image, max_bytes: int) -> bytes:
    encoded = _save(image, "PNG")
    while len(encoded) > max_bytes:
        encoded = _save(image, "JPEG", quality=JPEG_QUALITY)
        image = image.reduce(2)
    return encoded


def _save(image: Image.Image, image_format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def _shorten(error: Exception) -> str:
    """Returns what a decoder says, in one line."""
    return (" ".join(str(error).split()) or type(error).__name__)[:150].rstrip(".")
