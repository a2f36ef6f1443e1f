"""Evaluated photos that are among the training photos too, or nearly: a model may know them by heart."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.staged_photos import Photo

SIDE = 16
# By eye, on CIFAR-100's bicycles and motorcycles: from here on it is the same picture or the same product's,
# below it is only the same pose before a white wall.
ALIKE = 0.85
AT_A_TIME = 256


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


def near_duplicates(photos: Sequence[Photo], training: dict[str, bytes]) -> list[NearDuplicate]:
    """Returns the photos that have a near-duplicate among the training photos, the most alike first.

    Two photos are compared as 16 x 16 pixels in colour, less their mean and scaled to one length, also
    mirrored: brightness, contrast and compression hardly change the correlation.

    Args:
        photos: The evaluated ones.
        training: Training photos, PNG or JPEG files, by their path.
    """
    if not photos or not training:
        return []
    known = np.stack([_pixels(content) for content in training.values()])
    names = list(training)
    found = []
    for photo, correlations in zip(photos, _correlations(photos, known.reshape(len(known), -1)), strict=True):
        best = int(np.argmax(correlations))
        if correlations[best] >= ALIKE:
            found.append(NearDuplicate(photo.file, names[best], min(1.0, float(correlations[best]))))
    return sorted(found, key=lambda pair: -pair.correlation)


def _correlations(photos: Sequence[Photo], known: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yields for each photo its correlations with all known ones, shape (known,)."""
    for first in range(0, len(photos), AT_A_TIME):
        pixels = np.stack([_pixels(photo.content) for photo in photos[first : first + AT_A_TIME]])
        upright, mirrored = (each.reshape(len(pixels), -1) @ known.T for each in (pixels, pixels[:, :, ::-1]))
        yield from np.maximum(upright, mirrored)


def _pixels(content: bytes) -> NDArray[np.float32]:
    """Returns a photo as an array of shape (16, 16, 3) with mean 0 and length 1; of one colour, all 0."""
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    pixels = pixels - pixels.mean()
    length = float(np.linalg.norm(pixels))
    return pixels / length if length else pixels
