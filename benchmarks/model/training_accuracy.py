"""Measures how accurate a model is: ``benchmarks.model.training_accuracy DIR [--seeds N] [--folds N]``.

DIR is what ``python data_staging/stage.py --out DIR`` wrote. Every run is the whole process ``python -m
training train`` with the hyperparameters of cdk.json, or with ``--from-scratch`` those of FROM_SCRATCH.
``--seeds`` scores each seed's model on the staged test images, which training never sees; ``--folds``
cross-validates over the training and validation images alone: choices are made on that. Prints one JSON
object: each run, mean, spread, interval, machine and versions.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import describe_machine
from benchmarks.model.job_folder import Picture, find_data_set, lay_out, read_split, train
from evaluation.measures.intervals import measure_share
from stacks.configuration.settings import read_cdk_json
from training.artifact import files as artifact
from training.serving.predictor import Predictor

CALIBRATION_BINS = 10
# The built-in's smallest ResNet, for a thousand pictures and two CPU cores.
FROM_SCRATCH = {
    "use_pretrained_model": "0",
    "num_layers": "20",
    "image_shape": "3,28,28",
    "resize": "32",
    "augmentation_type": "crop_color_transform",
    "mini_batch_size": "32",
    "epochs": "60",
    "optimizer": "nag",
    "learning_rate": "0.1",
    "momentum": "0.9",
    "weight_decay": "0.0005",
    "lr_scheduler_factor": "0.2",
    "lr_scheduler_step": "30,45,54",
}


@dataclass(frozen=True)
class Run:
    """A trained model's figures, its confidence in each scored picture and whether it was right."""

    figures: dict[str, float]
    confidence: NDArray[np.float32]
    right: NDArray[np.bool_]


def classify(root: Path, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the stored model's confidence in each picture, fed as when serving, and whether it is right."""
    predictor = Predictor(artifact.load(root / "model"))
    probabilities = np.array(
        [predictor.predict(picture.path.read_bytes()) for picture in pictures], np.float32
    )
    right = np.argmax(probabilities, axis=1) == [picture.label for picture in pictures]
    return np.max(probabilities, axis=1), right


def measure_calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Returns the expected calibration error over bins of equal width (Guo et al., arXiv:1706.04599)."""
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    error = sum(abs((right[bins == b] - confidence[bins == b]).sum()) for b in range(CALIBRATION_BINS))
    return round(float(error / len(right)), 4)


def split_into_folds(pictures: list[Picture], count: int) -> list[list[Picture]]:
    """Returns ``count`` parts with the classes in equal shares, always the same ones."""
    shuffled = pictures[:]
    random.Random(7).shuffle(shuffled)
    shuffled.sort(key=lambda picture: picture.label)
    return [shuffled[part::count] for part in range(count)]


def measure(
    what: str,
    hyperparameters: Mapping[str, str],
    channels: Mapping[str, Sequence[Picture]],
    scored: Sequence[Picture],
    seed: int,
) -> Run:
    """Trains one model on the channels and scores it on other pictures."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), channels, hyperparameters)
        seconds = train(Path(folder), seed).process
        confidence, right = classify(Path(folder), scored)
    figures = {
        "accuracy": float(right.mean()),
        "calibration_error": measure_calibration_error(confidence, right),
        "seconds": round(seconds, 1),
    }
    print(f"{what}: {figures}", file=sys.stderr, flush=True)
    return Run(figures, confidence, right)


def summarise(name: str, runs: list[Run]) -> dict[str, object]:
    """Returns the runs, mean and standard deviation of each figure, and what all answers together tell."""
    figures = [run.figures for run in runs]
    report: dict[str, object] = {"what": name, "n": len(runs), "runs": figures}
    for figure in figures[0]:
        values = [run[figure] for run in figures]
        report[f"mean_{figure}"] = round(statistics.mean(values), 4)
        report[f"sd_{figure}"] = round(statistics.stdev(values), 4) if len(values) > 1 else None
    confidence = np.concatenate([run.confidence for run in runs])
    right = np.concatenate([run.right for run in runs])
    # It takes each answer for one to a picture of its own: where several models are scored on the same
    # pictures, it is narrower than what is known.
    accuracy = measure_share(int(right.sum()), len(right))
    assert accuracy
    report["interval_95_accuracy_of_all_answers"] = [round(accuracy.low, 4), round(accuracy.high, 4)]
    report["calibration_error_of_all_answers"] = measure_calibration_error(confidence, right)
    return report


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3, help="models scored on the test images (default 3)")
    parser.add_argument("--folds", type=int, default=0, help="folds of the training images (default none)")
    parser.add_argument("--from-scratch", action="store_true", help="without ImageNet's weights")
    arguments = parser.parse_args()
    if arguments.seeds < 0 or arguments.folds < 0 or arguments.folds == 1:
        parser.error("--seeds must be 0 or more, --folds 0 or at least 2")
    data_set = find_data_set(arguments.data)
    training, validation, test = (read_split(data_set, name) for name in ("train", "validation", "test"))
    hyperparameters = FROM_SCRATCH if arguments.from_scratch else read_cdk_json().hyperparameters
    report = {"machine": describe_machine(), "dataset": data_set.name, "hyperparameters": hyperparameters}
    results = []
    if arguments.seeds:
        channels = {"train": training, "validation": validation}
        runs = [
            measure(f"seed {seed}", hyperparameters, channels, test, seed)
            for seed in range(1, arguments.seeds + 1)
        ]
        results.append(summarise(f"{len(test)} test images, one model a seed", runs))
    if arguments.folds:
        folds = split_into_folds(training + validation, arguments.folds)
        runs = []
        for number, held_out in enumerate(folds, start=1):
            rest = [picture for fold in folds if fold is not held_out for picture in fold]
            # A tenth of the rest picks the epoch, as the validation channel does; the fold only scores.
            picking, *others = split_into_folds(rest, 10)
            learning = [picture for part in others for picture in part]
            channels = {"train": learning, "validation": picking}
            runs.append(measure(f"fold {number}", hyperparameters, channels, held_out, number))
        results.append(summarise(f"{arguments.folds}-fold cross-validation of the training images", runs))
    print(json.dumps({**report, "results": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
