"""Serves an MXNet module behind the HTTP server of training/, the rival of ``serving.py``.

``python -m benchmarks.model.mxnet_server MODEL PORT`` is run by the Python of an environment with MXNet and
Pillow.
Pictures are read and resized by the same code.
"""

import json
import sys
import threading
from pathlib import Path

import mxnet as mx

from training.data.images import read_image, resize_whole
from training.serving.http_server import Server


class Module:
    """One module, one picture at a time: MXNet's Python interface is not to be called from several threads.

    MXNet itself spreads each operator over the cores.
    """

    def __init__(self, model: Path) -> None:
        latest = max(model.glob("*.params"))
        prefix, _, epoch = str(latest.with_suffix("")).rpartition("-")
        symbol, arguments, statistics = mx.model.load_checkpoint(prefix, int(epoch))
        (entry,) = json.loads((model / "model-shapes.json").read_text())
        _, *self._shape = entry["shape"]
        self._module = mx.mod.Module(symbol, label_names=["softmax_label"])
        self._module.bind(data_shapes=[("data", (1, *self._shape))], for_training=False)
        self._module.set_params(arguments, statistics)
        self._lock = threading.Lock()

    def predict(self, body: bytes) -> list[float]:
        """Returns each class's probability for one encoded image."""
        _, height, width = self._shape
        pixels = resize_whole(read_image(body), height, width)
        with self._lock:
            batch = mx.nd.array(pixels.transpose(2, 0, 1)[None])
            self._module.forward(mx.io.DataBatch([batch]), is_train=False)
            return self._module.get_outputs()[0].asnumpy()[0].tolist()


if __name__ == "__main__":
    Server(int(sys.argv[2]), Module(Path(sys.argv[1])).predict).serve_forever()
