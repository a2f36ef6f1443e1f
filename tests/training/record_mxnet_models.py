"""Makes the artifacts in ``recorded_mxnet_models``: tiny networks of MXNet's own writing, and its answers.

Run by the Python of an environment with MXNet 1.4.1, such as ``make test-mxnet`` leaves:
.cache/mxnet-1.4.1/bin/python tests/training/record_mxnet_models.py
"""

import json
from pathlib import Path

import mxnet as mx
import numpy as np

FOLDER = Path(__file__).with_name("recorded_mxnet_models")
SHAPE = (2, 3, 12, 10)
PIXELS = (np.arange(np.prod(SHAPE)) * 37 % 256).reshape(SHAPE).astype(np.float32)
PIXELS[1] /= 3


def norm(x, name, **attributes):
    return mx.sym.BatchNorm(x, name=name, eps=2e-5, **attributes)


def residual():
    """The operators of the built-in's own networks, as its attributes have them."""
    x = norm(mx.sym.identity(mx.sym.Variable("data"), name="id"), "bn_data", fix_gamma=True)
    x = mx.sym.Convolution(
        x, name="conv0", num_filter=6, kernel=(3, 3), stride=(2, 2), pad=(1, 1), no_bias=True
    )
    x = mx.sym.Activation(norm(x, "bn0", fix_gamma=False), name="relu0", act_type="relu")
    x = mx.sym.Pooling(x, name="pooling0", kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")
    y = mx.sym.Convolution(x, name="conv1", num_filter=6, kernel=(3, 3), pad=(1, 1), no_bias=True)
    x = mx.sym.Activation(norm(x + y, "bn1", fix_gamma=False), name="relu1", act_type="relu")
    x = mx.sym.Pooling(x, name="pool1", kernel=(7, 7), pool_type="avg", global_pool=True)
    x = mx.sym.FullyConnected(mx.sym.Flatten(x, name="flatten0"), name="fc1", num_hidden=3)
    return mx.sym.SoftmaxOutput(x, name="softmax")


def efficient():
    """The operators of EfficientNet-Lite2, with several labels an image."""
    x = mx.sym.contrib.BilinearResize2D(mx.sym.Variable("data"), name="shrink", height=7, width=5)
    x = norm(x, "bn_data", fix_gamma=True, use_global_stats=True)
    x = mx.sym.Pad(x, name="pad", mode="constant", constant_value=0, pad_width=(0, 0, 0, 0, 0, 1, 1, 2))
    x = mx.sym.Convolution(x, name="stem", num_filter=6, kernel=(3, 3), stride=(2, 2))
    x = mx.sym.clip(x, name="relu6", a_min=0, a_max=6)
    x = mx.sym.Convolution(x, name="depthwise", num_filter=6, num_group=6, kernel=(3, 3), pad=(1, 1))
    x = mx.sym.Pooling(x, name="pool", kernel=(1, 1), pool_type="avg", global_pool=True)
    x = mx.sym.FullyConnected(mx.sym.Flatten(x, name="flatten"), name="fc", num_hidden=3)
    return mx.sym.LogisticRegressionOutput(x, name="softmax")


def record(name, symbol):
    random = np.random.RandomState(1)
    arguments, _, statistics = symbol.infer_shape(data=SHAPE)
    values = {}
    for key, shape in zip(symbol.list_arguments(), arguments, strict=True):
        if key != "data" and not key.endswith("label"):
            values[key] = mx.nd.array(random.normal(0.1, 0.3, shape).round(3))
    moving = {}
    for key, shape in zip(symbol.list_auxiliary_states(), statistics, strict=True):
        # Pixels are about 128 and vary by about 74.
        low, high = ((100, 150) if "mean" in key else (4000, 6000)) if "data" in key else (0.5, 1.5)
        moving[key] = mx.nd.array(random.uniform(low, high, shape).round(3))
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    mx.model.save_checkpoint(str(folder / "image-classification"), 1, symbol, values, moving)
    shapes = [{"shape": SHAPE, "name": "data"}]
    (folder / "model-shapes.json").write_text(json.dumps(shapes))
    module = mx.mod.Module(symbol, label_names=["softmax_label"])
    module.bind([("data", SHAPE)], for_training=False)
    module.set_params(values, moving)
    answers = module.predict(mx.io.NDArrayIter(PIXELS, batch_size=SHAPE[0])).asnumpy()
    (folder / "answers.json").write_text(json.dumps(answers.tolist()) + "\n")


if __name__ == "__main__":
    record("residual", residual())
    record("efficient", efficient())
