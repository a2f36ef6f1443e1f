"""Evaluated photos that are among the training photos too, or nearly: a model may know them by heart."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.staged_photos import DataSet, Photo

SIDE = 16
# By eye, on CIFAR-100's bicycles and motorcycles: from here on it is the same picture or the same product's,
# below it is only the same pose before a white wall.
ALIKE = 0.85
Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class NearDuplicate:
    """An evaluated photo and the training photo that it is most like.

    Attributes:
        file: The evaluated photo's path in its split.
        training_file: The other's path in the data set.
        correlation: Of their pixels, at most 1.
    """

    file: str
    training_file: str
    correlation: float


def near_duplicates(data_set: DataSet, split: str) -> list[NearDuplicate]:
    """Returns the photos of a split that have a near-duplicate among the others, the most alike first.

    For "test" the others are the training and the validation photos, which chose the epoch and the gate; for
    "validation" the training photos.
    """
    others = ("train", "validation") if split == "test" else ("train",)
    known = {
        f"{other}/{file}": pixels
        for other in others
        for file, pixels in data_set.each(other, f"Looking at {other}", _looked_at)
    }
    return most_alike(dict(data_set.each(split, f"Looking at {split}", _looked_at)), known)


def most_alike(photos: Mapping[str, Pixels], known: Mapping[str, Pixels]) -> list[NearDuplicate]:
    """Returns the photos whose pixels, upright or mirrored, correlate with a known photo's by 0.85 or more.

    Args:
        photos: What `fingerprint` says of the evaluated photos, by path.
        known: The same of the training photos.
    """
    if not known:
        return []
    names = list(known)
    table = np.stack(list(known.values())).reshape(len(known), -1)
    found = []
    for file, pixels in photos.items():
        either = np.stack([pixels, pixels[:, ::-1]]).reshape(2, -1)
        correlations = (table @ either.T).max(axis=1)
        best = int(correlations.argmax())
        if correlations[best] >= ALIKE:
            found.append(NearDuplicate(file, names[best], min(1.0, float(correlations[best]))))
    return sorted(found, key=lambda pair: -pair.correlation)


def fingerprint(content: bytes) -> Pixels:
    """Returns a PNG's content as an array of shape (16, 16, 3), float32, with mean 0 and length 1.

    The product of two is the correlation of their pixels: brightness, contrast and compression hardly change
    it. A photo of one colour has nothing to correlate and is all 0.
    """
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    pixels = pixels - pixels.mean()
    length = np.float32(np.linalg.norm(pixels))
    return pixels / length if length else pixels


def _looked_at(photo: Photo) -> tuple[str, Pixels]:
    return photo.file, fingerprint(photo.content)
