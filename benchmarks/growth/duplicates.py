"""Looks for near-duplicates among drawn fingerprints: ``python -m benchmarks.growth.duplicates PHOTOS``.

A fifth as many photos are evaluated as there are of training.
"""

import sys

import numpy as np

from evaluation.measures.near_duplicates import SIDE, Pixels, find_most_alike


def draw_fingerprints(photos: int, seed: int) -> dict[str, Pixels]:
    """Returns fingerprints of noise, by name."""
    pixels = np.random.default_rng(seed).normal(size=(photos, SIDE, SIDE, 3)).astype(np.float32)
    return {str(number): each / np.linalg.norm(each) for number, each in enumerate(pixels)}


if __name__ == "__main__":
    known = int(sys.argv[1])
    find_most_alike(draw_fingerprints(known // 5, 1), draw_fingerprints(known, 2))
