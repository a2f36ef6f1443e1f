"""Trains with MXNet, the rival of ``training_speed.py``; the Python of an environment with MXNet runs it.

``python -m benchmarks.model.mxnet_training ROOT MODEL FROZEN`` does the job laid out under ROOT as its own
image-classification example does, beginning with the artifact in MODEL: it packs the pictures into RecordIO
files, and trains with MXNet's iterator and Module. FROZEN, a JSON list, names the weights that stay as they
are. The log is that of Module.fit: ``Epoch[0] Time cost=1.234``.
"""

import json
import logging
import sys
from pathlib import Path

import mxnet as mx


def pack(root: Path, channel: str) -> Path:
    """Writes the pictures of a channel into a RecordIO file and returns it."""
    data = root / "input" / "data"
    file = root / f"{channel}.rec"
    records = mx.recordio.MXRecordIO(str(file), "w")
    for line in (data / f"{channel}_lst" / f"{channel}.lst").read_text().splitlines():
        index, label, name = line.split("\t")
        header = mx.recordio.IRHeader(0, float(label), int(index), 0)
        records.write(mx.recordio.pack(header, (data / channel / name).read_bytes()))
    records.close()
    return file


def read(records: Path, hyperparameters: dict[str, str], augmented: bool) -> mx.io.DataIter:
    """Returns MXNet's iterator over a RecordIO file: C++, with threads that read ahead."""
    shape = tuple(int(side) for side in hyperparameters["image_shape"].split(","))
    resize = int(hyperparameters.get("resize", "-1"))
    return mx.io.ImageRecordIter(
        path_imgrec=str(records),
        data_shape=shape,
        batch_size=int(hyperparameters["mini_batch_size"]),
        resize=resize,
        shuffle=augmented,
        rand_crop=augmented,
        rand_mirror=augmented,
        # Where a crop has nothing to choose from, as much room as training/ makes.
        pad=shape[1] // 8 if augmented and resize < 0 else 0,
    )


def main(root: Path, model: Path, frozen: Path) -> None:
    """Trains for the epochs that the hyperparameters ask for."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    hyperparameters = json.loads((root / "input" / "config" / "hyperparameters.json").read_text())
    symbol, arguments, statistics = mx.model.load_checkpoint(str(model / "image-classification"), 1)
    module = mx.mod.Module(symbol, fixed_param_names=json.loads(frozen.read_text()))
    module.fit(
        read(pack(root, "train"), hyperparameters, augmented="augmentation_type" in hyperparameters),
        eval_data=read(pack(root, "validation"), hyperparameters, augmented=False),
        num_epoch=int(hyperparameters["epochs"]),
        arg_params=arguments,
        aux_params=statistics,
        optimizer=hyperparameters["optimizer"],
        optimizer_params={
            name: float(hyperparameters[name])
            for name in ("learning_rate", "momentum")
            if name in hyperparameters
        },
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
