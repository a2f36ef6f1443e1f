"""How good the default model is: `python benchmarks/training_accuracy.py DIR [--seeds N] [--folds N]`.

DIR is what `python data_staging/stage.py --out DIR` wrote. Every run is the whole `python -m training train`
process with the hyperparameters of cdk.json. `--seeds` scores each seed's model on the staged test images,
which training never sees; `--folds` cross-validates over the training and validation images alone: choices
are made on that. Prints one JSON object: each run, mean, spread, machine and versions.
"""

import argparse
import json
import os
import platform
import random
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

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from training import artifact  # noqa: E402
from training.images import read_image, resize_whole  # noqa: E402

CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Picture:
    """A staged picture and its label."""

    path: Path
    label: int


def read_split(dataset: Path, split: str) -> list[Picture]:
    """Returns the pictures of a staged split in the order of its `.lst`."""
    rows = [line.split("\t") for line in (dataset / f"{split}.lst").read_text().splitlines()]
    return [Picture(dataset / split / name, int(label)) for _, label, name in rows]


def train(root: Path, training: list[Picture], validation: list[Picture], classes: int, seed: int) -> float:
    """Runs one training job under `root` and returns its seconds, start of the process included."""
    settings = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["scones"]
    chosen = {
        **settings["hyperparameters"],
        "num_classes": str(classes),
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


def score(root: Path, pictures: list[Picture]) -> dict[str, float]:
    """Returns accuracy and expected calibration error of the stored model, fed as the server feeds it."""
    network = artifact.load(root / "model")
    _, height, width = network.image_shape
    probabilities = []
    with torch.inference_mode():
        for picture in pictures:
            pixels = torch.tensor(resize_whole(read_image(picture.path), height, width))
            probabilities.append(network.probabilities(pixels.permute(2, 0, 1)[None].float())[0].numpy())
    confidence, predicted = np.max(probabilities, axis=1), np.argmax(probabilities, axis=1)
    right = predicted == [picture.label for picture in pictures]
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    error = sum(abs((right[bins == b] - confidence[bins == b]).sum()) for b in range(CALIBRATION_BINS))
    return {"accuracy": float(right.mean()), "calibration_error": float(error / len(pictures))}


def folds_of(pictures: list[Picture], count: int) -> list[list[Picture]]:
    """Returns `count` parts with the classes in equal shares, always the same ones."""
    shuffled = pictures[:]
    random.Random(7).shuffle(shuffled)
    shuffled.sort(key=lambda picture: picture.label)
    return [shuffled[part::count] for part in range(count)]


def summary(name: str, runs: list[dict[str, float]]) -> dict[str, object]:
    """Returns the runs with the mean and standard deviation of each figure."""
    report: dict[str, object] = {"what": name, "n": len(runs), "runs": runs}
    for figure in runs[0]:
        values = [run[figure] for run in runs]
        report[f"mean_{figure}"] = round(statistics.mean(values), 4)
        report[f"sd_{figure}"] = round(statistics.stdev(values), 4) if len(values) > 1 else None
    return report


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
        "processor": platform.machine(),
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
    report: dict[str, object] = {"machine": machine(), "dataset": dataset.name, "results": []}
    results = []
    runs = []
    for seed in range(1, arguments.seeds + 1):
        with tempfile.TemporaryDirectory() as root:
            seconds = train(Path(root), training, validation, classes, seed)
            runs.append({**score(Path(root), test), "seconds": round(seconds, 1)})
            print(f"seed {seed}: {runs[-1]}", file=sys.stderr, flush=True)
    if runs:
        results.append(summary(f"{len(test)} test images, one model a seed", runs))
    parts = folds_of(training + validation, arguments.folds) if arguments.folds else []
    runs = []
    for number, held_out in enumerate(parts):
        rest = [picture for part in parts if part is not held_out for picture in part]
        # A tenth of the rest picks the epoch, as the validation channel does; the fold only scores.
        picked, *others = folds_of(rest, 10)
        with tempfile.TemporaryDirectory() as root:
            taught = [picture for part in others for picture in part]
            seconds = train(Path(root), taught, picked, classes, number + 1)
            runs.append({**score(Path(root), held_out), "seconds": round(seconds, 1)})
            print(f"fold {number + 1}: {runs[-1]}", file=sys.stderr, flush=True)
    if runs:
        results.append(summary(f"{arguments.folds}-fold cross-validation of the training images", runs))
    print(json.dumps({**report, "results": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
