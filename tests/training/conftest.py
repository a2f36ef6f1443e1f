"""Tiny jobs: a folder laid out as /opt/ml, with drawn pictures of two classes."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

SCRATCH = {
    "num_layers": "20",
    "image_shape": "3,28,28",
    "num_classes": "2",
    "num_training_samples": "24",
    "mini_batch_size": "8",
    "epochs": "2",
    "learning_rate": "0.05",
}


class Job:
    """One job's folder; channels and hyperparameters can be changed before it runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.set_hyperparameters()
        self.draw_channel("train", 24)
        self.draw_channel("validation", 10)

    def set_hyperparameters(self, **changes: object) -> None:
        """Writes those of a 20-layer network trained from scratch, with these changes."""
        file = self.root / "input" / "config" / "hyperparameters.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**SCRATCH, **changes}))

    def draw_channel(self, name: str, count: int, size: tuple[int, int] = (32, 32)) -> Path:
        """Draws bright and dark noise for labels 0 and 1; returns the channel's folder."""
        folder = self.root / "input" / "data" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        random = np.random.default_rng(len(name))
        lines = []
        for index in range(count):
            label = index % 2
            pixels = random.integers(label * 100, label * 100 + 150, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
            lines.append(f"{index}\t{label}\t{index}.png")
        self.write_list(name, "\n".join(lines) + "\n")
        return folder

    def write_list(self, channel: str, text: str) -> None:
        file = self.root / "input" / "data" / f"{channel}_lst" / f"{channel}.lst"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def read_failure(self) -> str:
        return (self.root / "output" / "failure").read_text()


@pytest.fixture(autouse=True)
def seed() -> None:
    """Makes what a test draws by itself repeatable; a job that it runs has a seed of its own."""
    torch.manual_seed(1)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A small valid job that trains a 20-layer network from scratch."""
    return Job(tmp_path / "ml")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs ``python -m training train`` in this process: exit status, standard output and error."""
    from training.__main__ import main

    def call(job: Job, seed: str = "1") -> tuple[int, str, str]:
        # Tests run side by side; more threads would only wait for each other.
        torch.set_num_threads(1)
        monkeypatch.setenv("SCONES_SEED", seed)
        monkeypatch.setattr("sys.argv", ["training", "train", "--root", str(job.root)])
        monkeypatch.setattr("signal.signal", lambda number, handler: None)
        # With pytest's own handlers in place, the program's basicConfig would do nothing.
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        status = main()
        captured = capfd.readouterr()
        return status, captured.out, captured.err

    return call
