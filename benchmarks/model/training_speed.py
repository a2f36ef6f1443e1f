"""Measures training beside MXNet 1.9.1: ``python -m benchmarks.model.training_speed DIR [--rounds N]``.

DIR is what ``python data_staging/stage.py --out DIR`` wrote; ``make bench-training`` sets up MXNet. In every
round each network is trained here (``python -m training train``) and by MXNet (``mxnet_training.py``), in
turns: the same pictures, symbol, initial weights, batch size, epochs, optimizer and frozen layers. One
training here is profiled beforehand: where its time goes. Prints a row a network; the details have each
training's seconds, and each part's share of the profiled one.
"""

import argparse
import json
import pstats
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.environment import MXNET
from benchmarks.model.job_folder import Training, find_data_set, lay_out, read_split, run_training
from benchmarks.rows import Row, print_report
from stacks.configuration.settings import read_cdk_json
from training.artifact import files as artifact
from training.container_paths import ContainerPaths
from training.fitting.train import initialise_network
from training.hyperparameters import parse
from training.network.efficientnet import load_pretrained

SCRATCH = {
    "use_pretrained_model": "0",
    "num_layers": "20",
    "image_shape": "3,32,32",
    "augmentation_type": "crop",
    "mini_batch_size": "32",
    "optimizer": "sgd",
    "learning_rate": "0.05",
    "momentum": "0.9",
}
# The functions, by the end of their file's path and their name, whose time in the profile is each part's.
# None of them calls another one.
PARTS = {
    "start of the process": [("<frozen importlib._bootstrap>", "_find_and_load")],
    "data": [("training/data/examples.py", "__init__"), ("training/data/examples.py", "load_batch")],
    "augmentation": [("training/data/augmentation.py", "augment")],
    "network, frozen layers and scoring": [("training/network/fixed_network.py", "compute_all")],
    "network, forward and backward": [("training/fitting/gradients.py", "compute")],
    "optimizer": [("torch/optim/adam.py", "step"), ("torch/optim/sgd.py", "step")],
    "average of the weights": [("training/fitting/epochs.py", "_move_average")],
}


def measure_parts(profile: Path) -> dict[str, float]:
    """Returns each part's share of a profiled training.

    Raises:
        SystemExit: A function of a part does not occur in the profile.
    """
    stats = pstats.Stats(str(profile))
    entries = stats.stats  # type: ignore[attr-defined]
    seconds = {
        part: sum(
            cumulative
            for (file, _, function), (_, _, _, cumulative, _) in entries.items()
            if any(file.endswith(end) and function == name for end, name in functions)
        )
        for part, functions in PARTS.items()
    }
    if absent := [part for part, spent in seconds.items() if not spent]:
        sys.exit(f"The profile has nothing of {', '.join(absent)}: correct PARTS in {__file__}.")
    total = stats.total_tt  # type: ignore[attr-defined]
    shares = {part: spent / total for part, spent in seconds.items()}
    return {**shares, "the rest": 1 - sum(shares.values())}


def prepare_rival(root: Path) -> list[str | Path]:
    """Writes the artifact that MXNet begins with and returns MXNet's command for the job under ``root``.

    The weights that a finished training here has left as they were, MXNet is told to leave so too.
    """
    hyperparameters = parse(ContainerPaths(root).read_hyperparameters())
    if hyperparameters.use_pretrained_model:
        network = load_pretrained(hyperparameters.num_classes, hyperparameters.image_shape)
    else:
        network = initialise_network(hyperparameters)
    trained = artifact.load(root / "model").values
    unchanged = [
        name.removeprefix("arg:")
        for name, value in network.values.items()
        if name.startswith("arg:") and np.array_equal(value, trained[name])
    ]
    start = root / "start"
    start.mkdir()
    artifact.describe(start, network.graph.symbol, network.graph.image_shape, hyperparameters.mini_batch_size)
    artifact.store_weights(start, network.values, 0)
    (root / "frozen.json").write_text(json.dumps(unchanged))
    return [MXNET, "-m", "benchmarks.model.mxnet_training", root, start, root / "frozen.json"]


def compare(
    name: str, hyperparameters: dict[str, str], data_set: Path, rounds: int
) -> tuple[dict[str, list[Training]], dict[str, float]]:
    """Profiles a training here, and then trains here and in MXNet in turns.

    Returns the trainings of each, and the shares of the profiled one.
    """
    channels = {split: read_split(data_set, split) for split in ("train", "validation")}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out(root, channels, hyperparameters)
        job = ["-m", "training", "train", "--root", str(root)]
        profile = root / "profile"
        run_training([sys.executable, "-m", "cProfile", "-o", str(profile), *job])
        shares = measure_parts(profile)
        commands: dict[str, list[str | Path]] = {"here": [sys.executable, *job], "MXNet": prepare_rival(root)}
        runs: dict[str, list[Training]] = {"here": [], "MXNet": []}
        for number in range(rounds):
            for whose in list(commands)[:: -1 if number % 2 else 1]:
                runs[whose].append(run_training(commands[whose]))
                print(f"{name}, round {number + 1}, {whose}: {runs[whose][-1]}", file=sys.stderr, flush=True)
    return runs, shares


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each network (default 3)")
    parser.add_argument("--epochs", type=int, help="in place of those of cdk.json")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or (arguments.epochs is not None and arguments.epochs < 1):
        parser.error("--rounds and --epochs must be 1 or more")
    if not MXNET.exists():
        parser.error(f"there is no {MXNET}; make bench-training installs it")
    data_set = find_data_set(arguments.data)
    default = read_cdk_json().hyperparameters
    epochs = {"epochs": str(arguments.epochs or default["epochs"])}
    rows, details = [], {}
    for name, hyperparameters, figure, goal in (
        ("default, pretrained", default, "process", 4),
        ("ResNet-20 from scratch", SCRATCH, "epoch", 1.5),
    ):
        runs, shares = compare(name, {**hyperparameters, **epochs}, data_set, arguments.rounds)
        seconds = {whose: [getattr(run, figure) for run in found] for whose, found in runs.items()}
        rows.append(Row(f"{name}: {figure}", "s", seconds["here"], seconds["MXNet"], at_least=goal))
        trainings = {whose: [vars(run) for run in found] for whose, found in runs.items()}
        details[name] = {"seconds": trainings, "where the time goes": shares}
    print_report(rows, dataset=data_set.name, **epochs, **details)
    return 0


if __name__ == "__main__":
    sys.exit(main())
