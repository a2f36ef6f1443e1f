"""What MXNet makes of a model artifact; the Python of a virtual environment that has MXNet runs it.

``predict MODEL PIXELS ANSWERS``: probabilities of float32 (n, 3, height, width) pixels, both as .npy files.
``train MODEL PIXELS LABELS NEW_MODEL``: trains on for an epoch and saves as MXNet's Module does.
``record IMAGES LABELS FILE``: packs each file of a folder, by name, with its row of the labels into a .rec.
"""

import json
import shutil
import sys
from pathlib import Path

import mxnet as mx
import numpy as np

NAME = "image-classification"


def load(folder):
    """Returns the symbol, arguments and statistics of the latest checkpoint."""
    latest = max(folder.glob(f"{NAME}-*.params"))
    return mx.model.load_checkpoint(str(folder / NAME), int(latest.stem.rpartition("-")[2]))


def labels_of(symbol):
    """Returns the names of the symbol's labels, which are inputs without a stored value."""
    return [name for name in symbol.list_arguments() if name.endswith("_label")]


def input_shape(folder):
    """Returns the batch size and the shape of an image, as the container takes them from the artifact."""
    (entry,) = json.loads((folder / "model-shapes.json").read_text())
    return entry["shape"]


def predict(model, pixels, answers):
    symbol, arguments, statistics = load(Path(model))
    shape = input_shape(Path(model))
    module = mx.mod.Module(symbol, label_names=labels_of(symbol))
    module.bind(data_shapes=[("data", tuple(shape))], for_training=False)
    module.set_params(arguments, statistics)
    batches = mx.io.NDArrayIter(np.load(pixels), batch_size=shape[0])
    np.save(answers, module.predict(batches).asnumpy())


def train(model, pixels, labels, new_model):
    mx.random.seed(1)
    np.random.seed(1)
    symbol, arguments, statistics = load(Path(model))
    (label,) = labels_of(symbol)
    module = mx.mod.Module(symbol, label_names=[label])
    size = input_shape(Path(model))[0]
    module.fit(
        mx.io.NDArrayIter(np.load(pixels), np.load(labels), size, shuffle=True, label_name=label),
        num_epoch=1,
        arg_params=arguments,
        aux_params=statistics,
        optimizer="sgd",
        optimizer_params={"learning_rate": 0.001, "momentum": 0.9},
    )
    folder = Path(new_model)
    module.save_checkpoint(str(folder / NAME), 1)
    shutil.copy(Path(model) / "model-shapes.json", folder)


def record(images, labels, file):
    records = mx.recordio.MXIndexedRecordIO(file + ".idx", file, "w")
    for number, (path, label) in enumerate(zip(sorted(Path(images).iterdir()), np.load(labels), strict=True)):
        header = mx.recordio.IRHeader(0, label, number, 0)
        records.write_idx(number, mx.recordio.pack(header, path.read_bytes()))
    records.close()


if __name__ == "__main__":
    {"predict": predict, "train": train, "record": record}[sys.argv[1]](*sys.argv[2:])
