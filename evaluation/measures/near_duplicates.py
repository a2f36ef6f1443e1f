"""Finds evaluated photos that are nearly among the training photos: a model may know them by heart."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.staged_photos import DataSet, Photo

SIDE = 16
# Chosen by eye on CIFAR-100's bicycles and motorcycles: above it two photos show the same picture or product,
# below it only the same pose before a white wall.
ALIKE = 0.85
Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class NearDuplicate:
    """An evaluated photo and the training photo that it is most like.

    Attributes:
        file: The evaluated photo's path in its split.
        training_file: The training photo's path in the data set.
        correlation: The correlation of their pixels, at most 1.
    """

    file: str
    training_file: str
    correlation: float


def find_near_duplicates(data_set: DataSet, split: str) -> list[NearDuplicate]:
    """Returns the photos of a split that have a near-duplicate in training, the most alike first.

    For "test" the validation photos count as training photos too: they chose the epoch and passed the gate.
    """
    others = ("train", "validation") if split == "test" else ("train",)
    known = {
        f"{other}/{file}": pixels
        for other in others
        for file, pixels in data_set.map_photos(other, f"Looking at {other}", _fingerprint)
    }
    return find_most_alike(dict(data_set.map_photos(split, f"Looking at {split}", _fingerprint)), known)


def find_most_alike(photos: Mapping[str, Pixels], known: Mapping[str, Pixels]) -> list[NearDuplicate]:
    """Returns the photos whose pixels, upright or mirrored, correlate with a known photo's by 0.85 or more.

    Args:
        photos: Fingerprints of the evaluated photos, by path.
        known: Fingerprints of the training photos, by path.
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
    """Reduces a PNG file to an array of shape (16, 16, 3), float32, with mean 0 and length 1.

    The dot product of two fingerprints is the correlation of their pixels, which brightness, contrast and
    compression hardly change. The fingerprint of a photo of one colour is all 0.
    """
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    pixels = pixels - pixels.mean()
    length = np.float32(np.linalg.norm(pixels))
    return pixels / length if length else pixels


def _fingerprint(photo: Photo) -> tuple[str, Pixels]:
    return photo.file, fingerprint(photo.content)
