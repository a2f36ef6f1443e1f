"""Photo files for the tests of staging own pictures."""

import random
from pathlib import Path
from typing import Any

from PIL import Image

from tests.lambdas import samples  # noqa: F401  # it teaches Pillow to write HEIF


def shapes(seed: object, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Returns an RGB picture that differs with the seed, and from its own mirror images."""
    chance = random.Random(str(seed))
    coarse = Image.frombytes("RGB", (8, 6), chance.randbytes(8 * 6 * 3))
    return coarse.resize(size, Image.Resampling.BILINEAR)


def save(image: Image.Image, file: Path, image_format: str = "PNG", **options: Any) -> Path:
    """Writes the picture, making the folder if need be; returns the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, image_format, **options)
    return file


def fill(folder: Path, classes: list[str], per_class: int = 6) -> Path:
    """Writes that many different pictures into a subfolder for each class; returns the folder."""
    for name in classes:
        for number in range(per_class):
            save(shapes((name, number)), folder / name / f"{number}.png")
    return folder
