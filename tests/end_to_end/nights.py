"""Drawn vehicles by day and by night: a model that is taught by day alone knows that it cannot tell by night.

By day colour tells bicycles from motorcycles, and nothing else does. The first pictures have some of a dark
street on which nothing is to be seen, as many of either class, so that darkness without colour says nothing.
By night shape tells them apart, if one was taught to look at it.
"""

import io
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from data_staging.sample import CLASS_NAMES, DRAWN, KIND_OF, Pickled, write_archive

SIDE = 32
NOISE = 3
LIT = 140
BAR = 4
CLASSES = DRAWN
BY_DAY, IN_THE_DARK, TESTED = 30, 16, 4
"""How many pictures of a class the first data set has for training, and for the test."""


def write_days(path: Path) -> None:
    """Writes the first data set, an archive in CIFAR-100's layout."""
    halves = {"train": _draw_half("train", BY_DAY, IN_THE_DARK), "test": _draw_half("test", TESTED, 0)}
    write_archive(path, halves)


def draw_night(class_name: str, number: int) -> bytes:
    """Returns the file of a photo by night: a frame of upright bars, or of level ones."""
    chance = random.Random(f"new {class_name} {number}")
    dark = chance.randint(5, 40)
    lit = dark + LIT + chance.randint(-10, 10)
    canvas = Image.new("RGB", (SIDE, SIDE), (dark, dark, dark))
    draw = ImageDraw.Draw(canvas)
    first = chance.randint(0, 2 * BAR - 1) - 2 * BAR
    for start in range(first, SIDE, 2 * BAR):
        end = start + BAR - 1
        bar = (start, 0, end, SIDE) if class_name == "bicycle" else (0, start, SIDE, end)
        draw.rectangle(bar, fill=(lit, lit, lit))
    written = io.BytesIO()
    Image.fromarray(_add_noise(canvas, chance)).save(written, "PNG")
    return written.getvalue()


def _draw_half(half: str, by_day: int, in_the_dark: int) -> Pickled:
    which = [(name, number) for name in CLASSES for number in range(by_day + in_the_dark)]
    random.Random(half).shuffle(which)
    pictures = []
    for name, number in which:
        chance = random.Random(f"{half} {name} {number}")
        canvas = _draw_day(name, chance) if number < by_day else _draw_dark(chance)
        pictures.append(_add_noise(canvas, chance))
    return {
        "filenames": [f"{name}-{number}.png" for name, number in which],
        "batch_label": half,
        "fine_labels": [CLASS_NAMES.index(name) for name, _ in which],
        "coarse_labels": [KIND_OF[name] for name, _ in which],
        "data": np.array(pictures, np.uint8).transpose(0, 3, 1, 2).reshape(-1, 3 * SIDE * SIDE),
    }


def _draw_day(class_name: str, chance: random.Random) -> Image.Image:
    grey = chance.randint(90, 220)
    canvas = Image.new("RGB", (SIDE, SIDE), (grey, grey, grey))
    strong, weak = chance.randint(150, 250), chance.randint(10, 90)
    radius, x, y = chance.uniform(7, 13), chance.uniform(10, 22), chance.uniform(10, 22)
    draw = ImageDraw.Draw(canvas)
    shape = draw.ellipse if chance.random() < 0.5 else draw.rectangle
    colour = (strong, weak, weak) if class_name == "bicycle" else (weak, weak, strong)
    shape((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return canvas


def _draw_dark(chance: random.Random) -> Image.Image:
    grey = chance.randint(5, 60)
    return Image.new("RGB", (SIDE, SIDE), (grey, grey, grey))


def _add_noise(canvas: Image.Image, chance: random.Random) -> npt.NDArray[np.uint8]:
    """Returns the pixels, uint8 of shape (32, 32, 3), as a camera has them."""
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, NOISE, (SIDE, SIDE, 3))
    return (np.asarray(canvas, np.float64) + noise).clip(0, 255).astype(np.uint8)
