"""How good a model is: `python benchmarks/training_accuracy.py DIR [--seeds N] [--folds N] [--from-scratch]`.

DIR is what `python data_staging/stage.py --out DIR` wrote. Every run is the whole `python -m training train`
process with the hyperparameters of cdk.json, or with `--from-scratch` those of FROM_SCRATCH. `--seeds` scores
each seed's model on the staged test images, which training never sees; `--folds` cross-validates over the
training and validation images alone: choices are made on that. Prints one JSON object: each run, mean,
spread, interval, machine and versions.
"""

import argparse
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import torch
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from evaluation.measures.intervals import measure_share  # noqa: E402
from training.artifact import files as artifact  # noqa: E402
from training.data.images import read_image, resize_whole  # noqa: E402

CALIBRATION_BINS = 10
CPUINFO = Path("/proc/cpuinfo")
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
class Picture:
    """A staged picture and its label."""

    path: Path
    label: int


@dataclass(frozen=True)
class Job:
    """What every training job of a benchmark has in common."""

    hyperparameters: dict[str, str]
    classes: int


@dataclass(frozen=True)
class Run:
    """A trained model's figures, its confidence in each scored picture and whether it was right."""

    figures: dict[str, float]
    confidence: NDArray[np.float32]
    right: NDArray[np.bool_]


def read_split(dataset: Path, split: str) -> list[Picture]:
    """Returns the pictures of a staged split in the order of its `.lst`."""
    rows = [line.split("\t") for line in (dataset / f"{split}.lst").read_text().splitlines()]
    return [Picture(dataset / split / name, int(label)) for _, label, name in rows]


def train(root: Path, training: list[Picture], validation: list[Picture], job: Job, seed: int) -> float:
    """Runs one training job under `root` and returns its seconds, start of the process included."""
    chosen = {
        **job.hyperparameters,
        "num_classes": str(job.classes),
        "num_training_samples": str(len(training)),
    }
    (root / "input" / "config").mkdir(parents=True)
    (root / "input" / "config" / "hyperparameters.json").write_text(json.dumps(chosen))
    for channel, pictures in (("train", training), ("validation", validation)):
        folder = root / "input" / "data" / channel
        lists = root / "input" / "data" / f"{channel}_lst"
        folder.mkdir(parents=True)
        lists.mkdir()
        lines = []
        for index, picture in enumerate(pictures):
            (folder / f"{index}.png").symlink_to(picture.path)
            lines.append(f"{index}\t{picture.label}\t{index}.png\n")
        (lists / f"{channel}.lst").write_text("".join(lines))
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "training", "train", "--root", str(root)],
        cwd=REPOSITORY,
        env={**os.environ, "SCONES_SEED": str(seed)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - started


def answers(root: Path, pictures: list[Picture]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the stored model's confidence in each picture, fed as when serving, and whether it is right."""
    network = artifact.load(root / "model")
    _, height, width = network.image_shape
    probabilities = []
    with torch.inference_mode():
        for picture in pictures:
            pixels = torch.tensor(resize_whole(read_image(picture.path), height, width))
            probabilities.append(network.probabilities(pixels.permute(2, 0, 1)[None].float())[0].numpy())
    right = np.argmax(probabilities, axis=1) == [picture.label for picture in pictures]
    return np.max(probabilities, axis=1), right


def calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Returns the expected calibration error over bins of equal width (Guo et al., arXiv:1706.04599)."""
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    error = sum(abs((right[bins == b] - confidence[bins == b]).sum()) for b in range(CALIBRATION_BINS))
    return round(float(error / len(right)), 4)


def folds_of(pictures: list[Picture], count: int) -> list[list[Picture]]:
    """Returns `count` parts with the classes in equal shares, always the same ones."""
    shuffled = pictures[:]
    random.Random(7).shuffle(shuffled)
    shuffled.sort(key=lambda picture: picture.label)
    return [shuffled[part::count] for part in range(count)]


def measured(
    what: str,
    job: Job,
    training: list[Picture],
    validation: list[Picture],
    scored: list[Picture],
    seed: int,
) -> Run:
    """Trains one model and returns its figures, and its answers to the pictures to be scored."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = train(Path(folder), training, validation, job, seed)
        confidence, right = answers(Path(folder), scored)
    figures = {
        "accuracy": float(right.mean()),
        "calibration_error": calibration_error(confidence, right),
        "seconds": round(seconds, 1),
    }
    print(f"{what}: {figures}", file=sys.stderr, flush=True)
    return Run(figures, confidence, right)


def summary(name: str, runs: list[Run]) -> dict[str, object]:
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
    report["calibration_error_of_all_answers"] = calibration_error(confidence, right)
    return report


def processor() -> str:
    """Returns the processor's name, or where the system does not tell it its architecture."""
    told = CPUINFO.read_text() if CPUINFO.is_file() else ""
    found = re.search(r"^model name\s*: (.+)$", told, re.MULTILINE)
    return found[1] if found else platform.machine()


def machine() -> dict[str, object]:
    """Returns what the figures depend on."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return {
        "cores": os.cpu_count(),
        "processor": processor(),
        "load_at_start": os.getloadavg()[0],
        "commit": commit,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "Pillow": PIL.__version__,
        },
    }


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
    # Training sees the pictures through links, which a relative path would not reach.
    manifests = sorted(arguments.data.resolve().glob("datasets/*/manifest.json"))
    if len(manifests) != 1:
        parser.error(
            f"{arguments.data} holds {len(manifests)} data sets; stage one with data_staging/stage.py"
        )
    dataset = manifests[0].parent
    classes = len(json.loads(manifests[0].read_text())["classes"])
    training, validation, test = (read_split(dataset, name) for name in ("train", "validation", "test"))
    settings = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["scones"]
    hyperparameters = FROM_SCRATCH if arguments.from_scratch else settings["hyperparameters"]
    report = {"machine": machine(), "dataset": dataset.name, "hyperparameters": hyperparameters}
    job = Job(hyperparameters, classes)
    results = []
    if arguments.seeds:
        runs = [
            measured(f"seed {seed}", job, training, validation, test, seed)
            for seed in range(1, arguments.seeds + 1)
        ]
        results.append(summary(f"{len(test)} test images, one model a seed", runs))
    if arguments.folds:
        parts = folds_of(training + validation, arguments.folds)
        runs = []
        for number, held_out in enumerate(parts, start=1):
            rest = [picture for part in parts if part is not held_out for picture in part]
            # A tenth of the rest picks the epoch, as the validation channel does; the fold only scores.
            picked, *others = folds_of(rest, 10)
            taught = [picture for part in others for picture in part]
            runs.append(measured(f"fold {number}", job, taught, picked, held_out, number))
        results.append(summary(f"{arguments.folds}-fold cross-validation of the training images", runs))
    print(json.dumps({**report, "results": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
