"""Draws an archive of CIFAR-100's size: ``python -m benchmarks.full_archive PATH``.

It has its layout, its counts and its pickles' instructions; the pictures are noise that gzip takes as long to
unpack as photos, for it can shorten them as little.
"""

import sys
from pathlib import Path

import numpy as np

from data_staging.sample import CLASS_NAMES, KIND_OF, Pickled, write_archive

TRAIN_PER_CLASS, TEST_PER_CLASS = 500, 100


def draw_half(half: str, per_class: int, seed: int) -> Pickled:
    """Returns so many pictures of each class, the classes mixed."""
    chance = np.random.default_rng(seed)
    labels: list[int] = chance.permutation(np.repeat(np.arange(len(CLASS_NAMES)), per_class)).tolist()
    pixels = chance.normal(128, 40, (len(labels), 3072)).clip(0, 255).astype(np.uint8)
    return {
        "filenames": [f"{CLASS_NAMES[label]}_{half[0]}_{row:06}.png" for row, label in enumerate(labels)],
        "batch_label": f"{half}ing batch 1 of 1",
        "fine_labels": labels,
        "coarse_labels": [KIND_OF[CLASS_NAMES[label]] for label in labels],
        "data": pixels,
    }


def write_full_archive(path: Path) -> None:
    """Writes it, unless it is there."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_archive(
            path,
            {"train": draw_half("train", TRAIN_PER_CLASS, 1), "test": draw_half("test", TEST_PER_CLASS, 2)},
        )


if __name__ == "__main__":
    write_full_archive(Path(sys.argv[1]))
