"""An archive is read in memory that its pixels bound; one of a fifth of CIFAR-100's size shows it."""

import tracemalloc
from pathlib import Path

import numpy as np

from data_staging import steps
from data_staging.sample import CLASS_NAMES, Pickled, write_archive


def half(rows: int, mark: int) -> Pickled:
    """As many rows as asked for, each of another content and all of them quick to compress."""
    pixels = np.zeros((rows, 3072), np.uint8)
    pixels[:, :4] = np.arange(rows, dtype=np.uint32).view(np.uint8).reshape(rows, 4)
    pixels[:, 4] = mark
    return {
        "filenames": [f"picture_s_{row:06}.png" for row in range(rows)],
        "batch_label": "batch 1 of 1",
        "fine_labels": [row % 100 for row in range(rows)],
        "coarse_labels": [0] * rows,
        "data": pixels,
    }


def test_all_of_an_archive_is_chosen_in_bounded_memory(tmp_path: Path) -> None:
    archive = tmp_path / "large.tar.gz"
    write_archive(archive, {"train": half(10_000, 1), "test": half(2_000, 2)})
    tracemalloc.start()
    try:
        data_set = steps.read_data_set(archive, CLASS_NAMES, 0.1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(map(len, data_set.splits.values())) == 12_000
    # A second copy of the pixels would not fit.
    assert peak < 1.7 * 12_000 * 3072
