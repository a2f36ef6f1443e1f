"""Writes an archive of drawn noise: ``python -m benchmarks.growth.archives PATH PHOTOS``.

It is laid out as CIFAR-100, and all photos are of the two classes of the settings.
"""

import sys
from pathlib import Path

import numpy as np

from data_staging.sample import CLASS_NAMES, DRAWN, KIND_OF, Pickled, write_archive

TEST_PHOTOS = 20


def draw_half(half: str, photos: int, seed: int) -> Pickled:
    """Returns so many photos, half of them of each class."""
    names = [DRAWN[number % len(DRAWN)] for number in range(photos)]
    return {
        "filenames": [f"{name}_{half[0]}_{number:06}.png" for number, name in enumerate(names)],
        "batch_label": f"{half}ing batch 1 of 1",
        "fine_labels": [CLASS_NAMES.index(name) for name in names],
        "coarse_labels": [KIND_OF[name] for name in names],
        "data": np.random.default_rng(seed).integers(0, 256, (photos, 3072), np.uint8),
    }


if __name__ == "__main__":
    write_archive(
        Path(sys.argv[1]),
        {"train": draw_half("train", int(sys.argv[2]), 1), "test": draw_half("test", TEST_PHOTOS, 2)},
    )
