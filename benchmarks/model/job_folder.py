"""Lays out a training job's folder from staged pictures, as SageMaker does in /opt/ml, and runs the job."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import REPOSITORY

EPOCH_SECONDS = re.compile(r"Epoch\[\d+\] Time cost=([0-9.]+)")


@dataclass(frozen=True)
class Picture:
    """A staged picture and its label."""

    path: Path
    label: int


def find_data_set(folder: Path) -> Path:
    """Returns the folder of the one data set that ``stage.py --out`` wrote.

    Raises:
        SystemExit: There is none, or more than one.
    """
    # Training sees the pictures through links, which a relative path would leave dangling.
    manifests = sorted(folder.resolve().glob("datasets/*/manifest.json"))
    if len(manifests) != 1:
        sys.exit(f"{folder} holds {len(manifests)} data sets; stage one with data_staging/stage.py --out")
    return manifests[0].parent


def read_split(data_set: Path, split: str) -> list[Picture]:
    """Returns the pictures of a staged split in the order of its ``.lst``."""
    rows = [line.split("\t") for line in (data_set / f"{split}.lst").read_text().splitlines()]
    return [Picture(data_set / split / name, int(label)) for _, label, name in rows]


def lay_out(
    root: Path, channels: Mapping[str, Sequence[Picture]], hyperparameters: Mapping[str, str]
) -> None:
    """Writes hyperparameters.json and each channel with its list under an empty ``root``.

    The pictures become links. The two hyperparameters that tell about the data set are added.
    """
    training = channels["train"]
    about = {
        "num_classes": str(1 + max(picture.label for picture in training)),
        "num_training_samples": str(len(training)),
    }
    config = root / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps({**hyperparameters, **about}))
    for channel, pictures in channels.items():
        folder = root / "input" / "data" / channel
        lists = root / "input" / "data" / f"{channel}_lst"
        folder.mkdir(parents=True)
        lists.mkdir()
        lines = []
        for index, picture in enumerate(pictures):
            (folder / f"{index}.png").symlink_to(picture.path)
            lines.append(f"{index}\t{picture.label}\t{index}.png\n")
        (lists / f"{channel}.lst").write_text("".join(lines))


@dataclass(frozen=True)
class Training:
    """Seconds of one training: of the whole process, and of each epoch without its validation."""

    process: float
    epochs: tuple[float, ...]

    @property
    def epoch(self) -> float:
        return statistics.median(self.epochs)


def run_training(command: Sequence[str | Path], seed: int = 1) -> Training:
    """Runs a command that trains, in the repository's folder.

    Raises:
        SystemExit: It failed; the text has the end of what it wrote to standard error.
    """
    started = time.monotonic()
    completed = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "SCONES_SEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if completed.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{completed.stderr[-2000:]}")
    return Training(seconds, tuple(map(float, EPOCH_SECONDS.findall(completed.stdout))))


def train(root: Path, seed: int = 1) -> Training:
    """Runs the training job that is laid out under ``root``; see ``run_training``."""
    return run_training([sys.executable, "-m", "training", "train", "--root", root], seed)
