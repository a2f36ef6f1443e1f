"""Training beside MXNet 1.9.1: `python benchmarks/training_speed.py DIR [--rounds N] [--epochs N]`.

DIR is what `python data_staging/stage.py --out DIR` wrote; `make bench-training` sets up MXNet. In every
round each network is trained here (`python -m training train`) and by MXNet (`mxnet_training.py`), in turns:
the same pictures, symbol, initial weights, batch size, epochs, optimizer and frozen layers. One training here
is profiled beforehand: where its time goes. Prints one JSON object, and a table to standard error.
"""

import argparse
import json
import os
import pstats
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks.job_folder import lay_out, staged_dataset  # noqa: E402
from benchmarks.training_accuracy import machine, read_split  # noqa: E402
from training.artifact import files as artifact  # noqa: E402
from training.network.efficientnet import pretrained  # noqa: E402
from training.network.residual import randomly_initialised, residual_symbol  # noqa: E402
from training.network.symbol_network import SymbolNetwork  # noqa: E402

MXNET = REPOSITORY / ".cache" / "mxnet-1.9.1" / "bin" / "python"
RIVAL = REPOSITORY / "benchmarks" / "mxnet_training.py"
EPOCH_SECONDS = re.compile(r"Epoch\[\d+\] Time cost=([0-9.]+)")
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
    "data": [("training/data/examples.py", "__init__"), ("training/data/examples.py", "batch")],
    "augmentation": [("training/data/augmentation.py", "augment")],
    "network, forward": [("training/network/symbol_network.py", "_run")],
    "network, backward": [("torch/autograd/graph.py", "_engine_run_backward")],
    "optimizer": [("torch/optim/adam.py", "step"), ("torch/optim/sgd.py", "step")],
    "average of the weights": [("training/fitting/epochs.py", "_move_average")],
}


@dataclass(frozen=True)
class Run:
    """Seconds of one training: of the whole process, and of each epoch without its validation."""

    process: float
    epochs: tuple[float, ...]

    @property
    def epoch(self) -> float:
        return statistics.median(self.epochs)


def timed(command: Sequence[str | Path]) -> Run:
    """Runs a training to its end.

    Raises:
        SystemExit: it failed; with the last it said.
    """
    started = time.monotonic()
    completed = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "SCONES_SEED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if completed.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{completed.stderr[-2000:]}")
    return Run(seconds, tuple(map(float, EPOCH_SECONDS.findall(completed.stdout))))


def ratios(ours: Sequence[float], rival: Sequence[float]) -> dict[str, float]:
    """Returns how many times as long the rival took, round by round: the least, median and greatest."""
    found = [theirs / mine for mine, theirs in zip(ours, rival, strict=True)]
    return {"min": min(found), "median": statistics.median(found), "max": max(found)}


def where_the_time_goes(profile: Path) -> dict[str, float]:
    """Returns each part's share of a profiled training.

    Raises:
        SystemExit: a function of a part does not occur in the profile.
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


def initial_network(chosen: dict[str, str], classes: int) -> SymbolNetwork:
    """Returns what the training begins with."""
    shape = tuple(int(side) for side in chosen["image_shape"].split(","))
    assert len(shape) == 3
    if chosen["use_pretrained_model"] == "1":
        return pretrained(classes, shape)
    return randomly_initialised(residual_symbol(int(chosen["num_layers"]), shape, classes), shape)


def prepare_rival(root: Path, chosen: dict[str, str], classes: int) -> list[str | Path]:
    """Writes the artifact that MXNet begins with and returns MXNet's command for the job under `root`.

    What a finished training here has left as it was, MXNet leaves so too.
    """
    network = initial_network(chosen, classes)
    values = network.state_dict()
    trained = artifact.load(root / "model").state_dict()
    unchanged = [
        name.removeprefix("arg:")
        for name, value in values.items()
        if name.startswith("arg:") and value.equal(trained[name])
    ]
    start = root / "start"
    start.mkdir()
    artifact.describe(start, network.symbol, network.image_shape, int(chosen["mini_batch_size"]))
    artifact.store_weights(start, values, 0)
    (root / "frozen.json").write_text(json.dumps(unchanged))
    return [MXNET, RIVAL, root, start, root / "frozen.json"]


def compare(name: str, chosen: dict[str, str], dataset: Path, rounds: int) -> dict[str, object]:
    """Trains a network `rounds` times here and in MXNet, in turns, and profiles a training here."""
    channels = {split: read_split(dataset, split) for split in ("train", "validation")}
    classes = 1 + max(picture.label for picture in channels["train"])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lay_out(root, channels, {**chosen, "num_classes": str(classes)})
        job = ["-m", "training", "train", "--root", str(root)]
        profile = root / "profile"
        timed([sys.executable, "-m", "cProfile", "-o", str(profile), *job])
        shares = where_the_time_goes(profile)
        theirs = prepare_rival(root, chosen, classes)
        runs: dict[str, list[Run]] = {"here": [], "MXNet": []}
        for number in range(rounds):
            turn = [("here", [sys.executable, *job]), ("MXNet", theirs)]
            for whose, command in turn[:: -1 if number % 2 else 1]:
                runs[whose].append(timed(command))
                print(f"{name}, round {number + 1}, {whose}: {runs[whose][-1]}", file=sys.stderr, flush=True)
    here, mxnet = runs["here"], runs["MXNet"]
    return {
        "network": name,
        "epochs": int(chosen["epochs"]),
        "seconds": {whose: [vars(run) for run in found] for whose, found in runs.items()},
        "MXNet takes times as long": {
            "process": ratios([run.process for run in here], [run.process for run in mxnet]),
            "epoch": ratios([run.epoch for run in here], [run.epoch for run in mxnet]),
        },
        "where the time goes": shares,
    }


def table(results: Sequence[dict[str, object]]) -> str:
    """Returns the results as lines of text."""
    lines = []
    for result in results:
        lines.append(f"{result['network']}, {result['epochs']} epochs")
        times: dict[str, dict[str, float]] = result["MXNet takes times as long"]  # type: ignore[assignment]
        for what, found in times.items():
            spread = f"{found['min']:.2f} to {found['max']:.2f}"
            lines.append(f"  {what:24} MXNet takes {found['median']:.2f} times as long ({spread})")
        shares: dict[str, float] = result["where the time goes"]  # type: ignore[assignment]
        lines += [f"  {part:24} {share:6.1%} of the time here" for part, share in shares.items()]
    return "\n".join(lines)


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
    dataset = staged_dataset(arguments.data)
    default = json.loads((REPOSITORY / "cdk.json").read_text())["context"]["scones"]["hyperparameters"]
    epochs = {"epochs": str(arguments.epochs or default["epochs"])}
    results = [
        compare(name, {**chosen, **epochs}, dataset, arguments.rounds)
        for name, chosen in (("default, pretrained", default), ("ResNet-20 from scratch, 32x32", SCRATCH))
    ]
    print(table(results), file=sys.stderr)
    print(json.dumps({"machine": machine(), "dataset": dataset.name, "results": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
