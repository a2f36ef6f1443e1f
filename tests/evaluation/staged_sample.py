"""A staged data set of drawn photos, and answers for which no model is asked."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from evaluation.answers import Answer

DATA_SET = "0123456789abcdef"
CLASSES = ("bicycle", "motorcycle")
BRIGHT = 128
TEST_PHOTOS = 12
# This test photo of a dark motorcycle is bright, as bicycles are.
MISTAKEN = "motorcycle/0.png"


def answers(outcomes: Sequence[tuple[float, bool]]) -> list[Answer]:
    """Returns answers of two classes with these confidences, 0.5 or more, right or not."""
    return [
        Answer(f"bicycle/{number}.png", 0 if right else 1, f"{number:064x}", (confidence, 1 - confidence))
        for number, (confidence, right) in enumerate(outcomes)
    ]


def outcomes(least: int = 1) -> st.SearchStrategy[list[tuple[float, bool]]]:
    """Any confidences of two classes, some of them alike, each right or wrong."""
    confidence = st.sampled_from([0.5, 0.6, 2 / 3, 0.8, 0.9, 1.0]) | st.floats(0.5, 1.0, exclude_min=True)
    return st.lists(st.tuples(confidence, st.booleans()), min_size=least, max_size=60)


def photo(seed: int, *, bright: bool) -> bytes:
    """Returns a PNG of 32 x 32 pixels of noise, bright or dark."""
    low = BRIGHT if bright else 0
    pixels = np.random.default_rng(seed).integers(low, low + BRIGHT, (8, 8, 3), np.uint8)
    return png(Image.fromarray(pixels).resize((32, 32), Image.Resampling.NEAREST))


def png(image: Image.Image) -> bytes:
    """Returns an image as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def files(classes: Sequence[str] = CLASSES) -> dict[str, bytes]:
    """Returns every file of the data set by its path: bright bicycles, dark motorcycles, one mistaken.

    The test photo ``bicycle/1.png`` is in the training split, too.
    """
    found = {}
    listed = {}
    for split, count, first in (("train", 4, 0), ("validation", 4, 100), ("test", TEST_PHOTOS, 200)):
        for number in range(count):
            label = number % 2
            name = f"{classes[label]}/{number // 2}.png"
            mistaken = split == "test" and label == 1 and number // 2 == 0
            content = photo(first + number, bright=label == 0 or mistaken)
            found[f"{split}/{name}"] = content
            listed[f"{split}/{name}"] = {"label": label}
    found[f"train/{classes[0]}/0.png"] = found[f"test/{classes[0]}/1.png"]
    manifest = {"format": 1, "dataset": DATA_SET, "classes": list(classes), "files": listed}
    return {**found, "manifest.json": json.dumps(manifest).encode()}


def staged(folder: Path, classes: Sequence[str] = CLASSES) -> Path:
    """Writes the data set as ``stage.py --out`` would and returns the folder."""
    for path, content in files(classes).items():
        target = folder / "datasets" / DATA_SET / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def brightness_model(image: bytes) -> bytes:
    """Takes what is bright for a bicycle; the farther from the middle, the surer."""
    with Image.open(io.BytesIO(image)) as opened:
        share = float(np.asarray(opened).mean()) / 255
    return json.dumps([share, 1 - share]).encode()
