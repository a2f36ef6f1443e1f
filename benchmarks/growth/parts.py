"""What is measured: how each part is prepared for a size, and what is run then."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.environment import REPOSITORY
from benchmarks.growth.child import measure
from benchmarks.model.job_folder import Picture, lay_out
from stacks.configuration.settings import read_cdk_json

Figures = Mapping[str, float]
FROM_SCRATCH = {
    "use_pretrained_model": "0",
    "num_layers": "18",
    "mini_batch_size": "32",
    "optimizer": "sgd",
    "learning_rate": "0.05",
}
"""ResNet-18, which may have any image_shape: the default network has but one."""
EDGE = 32


@dataclass(frozen=True)
class Part:
    """Something whose time and memory grow.

    Attributes:
        size: What the size is.
        sizes: Those that are measured.
        prepare: Lays a size out in an empty folder.
        run: Runs it there in processes of its own, and returns the figures.
    """

    size: str
    sizes: Sequence[int]
    prepare: Callable[[Path, int], None]
    run: Callable[[Path, int], Figures]


def _prepare_archive(folder: Path, photos: int) -> None:
    _call("benchmarks.growth.archives", folder / "photos.tar.gz", photos)


def _stage(folder: Path, photos: int) -> Figures:
    # A data set that is there already would not be written again.
    out = folder / f"staged-{sum(1 for _ in folder.iterdir())}"
    stage = [sys.executable, "data_staging/stage.py", "--archive", str(folder / "photos.tar.gz")]
    return _measure_process([*stage, "--out", str(out)])


def _prepare_training(
    folder: Path,
    hyperparameters: Mapping[str, str],
    *,
    photos: int,
    classes: int = 2,
    validation: int = 32,
) -> None:
    pictures = folder / "pictures"
    pictures.mkdir()
    shades = np.random.default_rng(photos)
    drawn = []
    for number in range(photos + validation):
        path = pictures / f"{number}.png"
        Image.fromarray(shades.integers(0, 256, (EDGE, EDGE, 3), np.uint8)).save(path)
        drawn.append(Picture(path, number % classes))
    channels = {"train": drawn[:photos], "validation": drawn[photos:]}
    lay_out(folder / "job", channels, {**hyperparameters, "epochs": "1"})


def _prepare_photos(folder: Path, photos: int) -> None:
    _prepare_training(folder, read_cdk_json().hyperparameters, photos=photos)


def _prepare_classes(folder: Path, classes: int) -> None:
    _prepare_training(folder, read_cdk_json().hyperparameters, photos=224, classes=classes)


def _prepare_image_size(folder: Path, edge: int) -> None:
    shape = {"image_shape": f"3,{edge},{edge}", "resize": str(edge)}
    _prepare_training(folder, {**FROM_SCRATCH, **shape}, photos=64)


def _train(folder: Path, size: int) -> Figures:
    return _measure_process([sys.executable, "-m", "training", "train", "--root", str(folder / "job")])


def _prepare_default_model(folder: Path, size: int) -> None:
    _prepare_training(folder, read_cdk_json().hyperparameters, photos=32)
    _train(folder, size)


def _prepare_model(folder: Path, edge: int) -> None:
    shape = {"image_shape": f"3,{edge},{edge}", "resize": str(edge)}
    small = {**FROM_SCRATCH, **shape, "mini_batch_size": "8"}
    _prepare_training(folder, small, photos=8, validation=8)
    _train(folder, edge)


def _answer_photo(folder: Path, edge: int) -> Figures:
    return _measure_answers(folder, edge)


def _answer_usual_photo(folder: Path, edge: int) -> Figures:
    return _measure_answers(folder, 512)


def _measure_answers(folder: Path, edge: int) -> Figures:
    found = json.loads(_call("benchmarks.growth.answers", folder / "job", edge))
    return {
        "processor ms an answer": found["processor"],
        "ms an answer at best": found["milliseconds"],
        "MiB": found["megabytes"],
    }


def _prepare_nothing(folder: Path, size: int) -> None:
    """Each run draws its own."""


def _find_duplicates(folder: Path, photos: int) -> Figures:
    return _measure_process([sys.executable, "-m", "benchmarks.growth.duplicates", str(photos)])


def _ask_page(folder: Path, invocations: int) -> Figures:
    found = json.loads(_call("benchmarks.growth.page", invocations))
    return {
        "processor seconds": found["processor"],
        "s until the first are answered": found["first"],
        "s until all are": found["every"],
        "ms an answer with all": found["answer"],
        "MiB": found["megabytes"],
    }


def _measure_process(command: list[str]) -> Figures:
    taken = measure(command)
    return {"processor seconds": taken.processor_seconds, "MiB": taken.megabytes}


def _call(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True).stdout


PARTS = {
    "staging": Part("photos", (1_000, 3_000, 10_000, 30_000, 60_000), _prepare_archive, _stage),
    "training-photos": Part("photos", (64, 128, 256, 512, 1_024), _prepare_photos, _train),
    "training-classes": Part("classes", (2, 5, 20, 50, 200), _prepare_classes, _train),
    "training-image-size": Part("pixels a side", (64, 96, 128, 192, 256), _prepare_image_size, _train),
    "answer-photo-size": Part(
        "pixels a side", (128, 256, 512, 1_024, 2_048), _prepare_default_model, _answer_photo
    ),
    "answer-network-size": Part(
        "pixels a side", (64, 128, 224, 320, 448), _prepare_model, _answer_usual_photo
    ),
    "near-duplicates": Part(
        "photos", (1_000, 2_000, 4_000, 8_000, 16_000), _prepare_nothing, _find_duplicates
    ),
    "page": Part("invocations", (1_000, 3_000, 10_000, 30_000, 100_000), _prepare_nothing, _ask_page),
}
