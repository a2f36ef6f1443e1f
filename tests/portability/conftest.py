"""Real MXNets, models trained here, and at the end a table of how far their answers are apart."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

# Read when PyTorch or MXNet is imported: threads that spin while they wait make all of this many times slower
# as soon as anything else wants the processor.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from data_staging.sample import write_sample
from tests.portability.trained_models import RECIPES, Recipe, TrainedModel, train

REPOSITORY = Path(__file__).resolve().parents[2]
VERSIONS = ("1.4.1", "1.9.1")
BOUND = 1e-4
COMPARED = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class MXNet:
    """One release of MXNet in an environment of its own, which ``make test-mxnet`` sets up."""

    version: str
    workplace: Path

    def run(self, command: str, *arguments: Path) -> None:
        completed = subprocess.run(
            [
                REPOSITORY / ".cache" / f"mxnet-{self.version}" / "bin" / "python",
                Path(__file__).with_name("mxnet_program.py"),
                command,
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stderr

    def predict(self, model: Path, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the probabilities of a model artifact."""
        given, answers = self.workplace / "pixels.npy", self.workplace / "answers.npy"
        np.save(given, pixels)
        self.run("predict", model, given, answers)
        return np.load(answers)

    def train(self, model: Path, pixels: NDArray[np.float32], labels: NDArray[np.float32]) -> Path:
        """Trains a model on for an epoch; returns the folder with what MXNet saved."""
        new_model = self.workplace / "model"
        new_model.mkdir()
        np.save(self.workplace / "pixels.npy", pixels)
        np.save(self.workplace / "labels.npy", labels)
        self.run("train", model, self.workplace / "pixels.npy", self.workplace / "labels.npy", new_model)
        return new_model

    def record(self, images: Path, labels: NDArray[np.float32], file: Path) -> None:
        """Packs the files of a folder, in the order of their names, into a RecordIO file."""
        np.save(self.workplace / "labels.npy", labels)
        self.run("record", images, self.workplace / "labels.npy", file)


@pytest.fixture(params=VERSIONS)
def mxnet(request: pytest.FixtureRequest, tmp_path: Path) -> MXNet:
    """Each release in turn."""
    return MXNet(request.param, tmp_path)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staged pictures of two classes: those of the archive that SCONES_CIFAR100 names, or else drawn ones."""
    folder = tmp_path_factory.mktemp("staged")
    archive = os.environ.get("SCONES_CIFAR100")
    if not archive:
        archive = str(folder / "drawn.tar.gz")
        write_sample(Path(archive))
    subprocess.run(
        [sys.executable, "data_staging/stage.py", "--archive", archive, "--out", str(folder)],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    (manifest,) = folder.glob("datasets/*/manifest.json")
    return manifest.parent


@pytest.fixture(scope="session")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], TrainedModel]:
    """Trains a model when it is first asked for."""

    @cache
    def find(name: str) -> TrainedModel:
        (recipe,) = (recipe for recipe in RECIPES if recipe.name == name)
        return train(recipe, dataset, tmp_path_factory.mktemp("job"))

    return lambda recipe: find(recipe.name)


@pytest.fixture
def compare(
    request: pytest.FixtureRequest,
) -> Callable[[Recipe, str, NDArray[np.floating], NDArray[np.float64]], None]:
    """Holds answers to the reference within the bound, and notes how far apart they are."""

    def hold(
        recipe: Recipe, whose: str, answers: NDArray[np.floating], expected: NDArray[np.float64]
    ) -> None:
        assert answers.shape == expected.shape
        lowest, highest = expected[:, 0].min(), expected[:, 0].max()
        assert highest - lowest > 0.01, "a model that says the same of every image proves nothing"
        apart = np.abs(answers - expected).max()
        request.config.stash[COMPARED].append(
            f"{recipe.name:31} {recipe.image_shape:10} {whose:44} {len(expected):6}"
            f" {lowest:.3f} to {highest:.3f} {apart:10.1e}"
        )
        assert apart <= BOUND

    return hold


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COMPARED] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section(f"probabilities against the float64 reference, at most {BOUND:.0e} apart")
    terminalreporter.write_line(
        f"{'model':31} {'shape':10} {'whose answers':44} images {'first class':14} max |diff|"
    )
    for line in config.stash[COMPARED]:
        terminalreporter.write_line(line)
