"""How a photo looks as the model is shown it: bright or dark, flat or contrasty, sharp or blurred."""

import io
from typing import NamedTuple

from PIL import Image, ImageFilter, ImageStat

from lambdas.workflow.event import MAX_IMAGE_BYTES
from lambdas.workflow.photos.photo import make_small_image

# Laplace's operator; divided and shifted, so that what Pillow cuts off at 0 and 255 is rare.
_SCALE = 4
_LAPLACE = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=_SCALE, offset=128)


class Appearance(NamedTuple):
    """Measures of a photo's grey values, 0 to 255.

    Attributes:
        brightness: Their mean.
        contrast: Their standard deviation.
        sharpness: The standard deviation of their Laplacian: blurred photos have little of it.
    """

    brightness: float
    contrast: float
    sharpness: float


def measure_appearance(photo: bytes) -> Appearance:
    """Measures a photo of whatever origin once it is as small as the model is shown it.

    Raises:
        InvalidImage, ImageTooLarge: It cannot be made an image for the model.
    """
    with Image.open(io.BytesIO(make_small_image(photo, MAX_IMAGE_BYTES))) as image:
        grey = image.convert("L")
    values = ImageStat.Stat(grey)
    edges = grey.filter(_LAPLACE)
    # Pillow leaves the outermost pixels as they are.
    if min(grey.size) > 2:
        edges = edges.crop((1, 1, grey.width - 1, grey.height - 1))
    return Appearance(values.mean[0], values.stddev[0], ImageStat.Stat(edges).stddev[0] * _SCALE)
