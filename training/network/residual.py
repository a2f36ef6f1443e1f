"""Builds the built-in's own network: the pre-activation ResNet of the open MXNet example it derives from.

Source: He et al., arXiv:1603.05027; layout and names of mxnet/example/image-classification/symbols/resnet.py.
Its symbol has the bytes of the artifacts that AWS's container writes.
"""

import math

import torch

from training.network.graph import ImageShape, InferredGraph, Network
from training.network.operators import SIGMOID, SOFTMAX
from training.network.symbol import Symbol

# Units in each of the four stages, by number of layers.
LARGE_STAGES: dict[int, tuple[int, ...]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


class _ResNet(Symbol):
    """Adds the layers of the network, with the attributes that the open example gives them."""

    def add_norm(self, x: int, name: str, fix_gamma: bool = False) -> int:
        attributes = {"eps": "2e-05", "fix_gamma": str(fix_gamma), "momentum": "0.9"}
        learned = [self.add_variable(f"{name}_{kind}", attributes) for kind in ("gamma", "beta")]
        moving = [
            self.add_variable(f"{name}_moving_{kind}", {**attributes, "__init__": f'["{value}", {{}}]'})
            for kind, value in (("mean", "zero"), ("var", "one"))
        ]
        return self.add_operator("BatchNorm", name, [x, *learned, *moving], attributes)

    def add_relu(self, x: int, name: str) -> int:
        return self.add_operator("Activation", name, [x], {"act_type": "relu"})

    def add_convolution(
        self, x: int, name: str, filters: int, kernel: int, stride: int, pad: int | None = None
    ) -> int:
        attributes = {
            "kernel": f"({kernel}, {kernel})",
            "no_bias": "True",
            "num_filter": str(filters),
            "stride": f"({stride}, {stride})",
            "workspace": "256",
        }
        if pad is not None:
            attributes["pad"] = f"({pad}, {pad})"
        weight = self.add_variable(f"{name}_weight", attributes)
        return self.add_operator("Convolution", name, [x, weight], attributes)

    def add_unit(self, x: int, name: str, filters: int, stride: int, bottleneck: bool, first: bool) -> int:
        """Adds a residual unit; its shortcut convolution takes the first activation, not the unit's input."""
        if bottleneck:
            narrow = filters // 4
            convolutions = [(narrow, 1, 1, 0), (narrow, 3, stride, 1), (filters, 1, 1, 0)]
        else:
            convolutions = [(filters, 3, stride, 1), (filters, 3, 1, 1)]
        y = activated = self.add_relu(self.add_norm(x, f"{name}_bn1"), f"{name}_relu1")
        for number, convolution in enumerate(convolutions, 1):
            if number > 1:
                y = self.add_relu(self.add_norm(y, f"{name}_bn{number}"), f"{name}_relu{number}")
            y = self.add_convolution(y, f"{name}_conv{number}", *convolution)
        shortcut = self.add_convolution(activated, f"{name}_sc", filters, 1, stride) if first else x
        units = sum(node.op == "elemwise_add" for node in self.nodes)
        return self.add_operator("elemwise_add", f"_plus{units}", [y, shortcut])


def build_resnet(
    num_layers: int, image_shape: ImageShape, num_classes: int, multi_label: bool = False
) -> Symbol:
    """Returns the graph that the built-in trains for these hyperparameters.

    Images up to 28 pixels high take the three-stage family (6n + 2 layers) made for CIFAR, higher ones the
    four-stage family; up to 32 pixels the first convolution is 3x3 without pooling. No artifact of AWS's was
    seen for two names: ``fc1``, which is ``fc`` after transfer learning, is the open example's, and the
    sigmoid output of multi_label is MXNet's usual one.
    """
    bottleneck = num_layers >= 50 and num_layers in LARGE_STAGES
    units = LARGE_STAGES.get(num_layers, ((num_layers - 2) // 6,) * 3)
    filters: tuple[int, ...] = (16, 16, 32, 64)
    if num_layers in LARGE_STAGES:
        filters = (64, 256, 512, 1024, 2048) if bottleneck else (64, 64, 128, 256, 512)
    symbol = _ResNet()
    x = symbol.add_operator("_copy", "id", [symbol.add_variable("data")])
    x = symbol.add_norm(x, "bn_data", fix_gamma=True)
    if image_shape[1] <= 32:
        x = symbol.add_convolution(x, "conv0", filters[0], 3, 1, 1)
    else:
        x = symbol.add_convolution(x, "conv0", filters[0], 7, 2, 3)
        x = symbol.add_relu(symbol.add_norm(x, "bn0"), "relu0")
        window = {"kernel": "(3, 3)", "pad": "(1, 1)", "pool_type": "max", "stride": "(2, 2)"}
        x = symbol.add_operator("Pooling", "pooling0", [x], window)
    for stage, (count, width) in enumerate(zip(units, filters[1:], strict=True), 1):
        for unit in range(1, count + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            x = symbol.add_unit(x, f"stage{stage}_unit{unit}", width, stride, bottleneck, unit == 1)
    x = symbol.add_relu(symbol.add_norm(x, "bn1"), "relu1")
    everything = {"global_pool": "True", "kernel": "(7, 7)", "pool_type": "avg"}
    x = symbol.add_operator("Flatten", "flatten0", [symbol.add_operator("Pooling", "pool1", [x], everything)])
    add_output(symbol, x, "fc1", num_classes, multi_label)
    return symbol


def add_output(symbol: Symbol, x: int, last_layer: str, num_classes: int, multi_label: bool) -> None:
    """Adds the last layer and the classes' probabilities."""
    hidden = {"num_hidden": str(num_classes)}
    weight = symbol.add_variable(f"{last_layer}_weight", hidden)
    bias = symbol.add_variable(f"{last_layer}_bias", hidden)
    x = symbol.add_operator("FullyConnected", last_layer, [x, weight, bias], hidden)
    symbol.add_operator(
        SIGMOID if multi_label else SOFTMAX, "softmax", [x, symbol.add_variable("softmax_label")]
    )


def initialise_randomly(symbol: Symbol, image_shape: ImageShape) -> Network:
    """Returns a new network, its weights drawn as the open example does (normal, fan in, magnitude 2)."""
    graph, values = InferredGraph(symbol, image_shape), {}
    for name, shape in graph.shapes.items():
        if name.endswith("_weight"):
            drawn = torch.randn(shape) * math.sqrt(2 / math.prod(shape[1:]))
        else:
            drawn = torch.full(shape, 1.0 if name.endswith(("_gamma", "_moving_var")) else 0.0)
        values[name] = drawn.numpy()
    return Network(graph, values)
