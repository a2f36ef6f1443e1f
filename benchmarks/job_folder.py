"""Lays out a training job's folder, as SageMaker does under /opt/ml, from staged pictures."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.training_accuracy import Picture


def lay_out(
    root: Path, channels: Mapping[str, Sequence[Picture]], hyperparameters: Mapping[str, str]
) -> None:
    """Writes hyperparameters.json and each channel with its list under an empty `root`.

    The pictures become links. num_training_samples is added to the hyperparameters.
    """
    config = root / "input" / "config"
    config.mkdir(parents=True)
    chosen = {**hyperparameters, "num_training_samples": str(len(channels["train"]))}
    (config / "hyperparameters.json").write_text(json.dumps(chosen))
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


def staged_dataset(folder: Path) -> Path:
    """Returns the folder of the one data set that `stage.py --out` wrote.

    Raises:
        SystemExit: there is none, or more than one.
    """
    # Training sees the pictures through links, which a relative path would not reach.
    manifests = sorted(folder.resolve().glob("datasets/*/manifest.json"))
    if len(manifests) != 1:
        sys.exit(f"{folder} holds {len(manifests)} data sets; stage one with data_staging/stage.py --out")
    return manifests[0].parent
