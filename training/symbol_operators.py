"""MXNet's operators in PyTorch: those of the built-in's networks and of the networks trained here.

Source of names, attributes and defaults: MXNet 1.4.1's operator documentation. An attribute that is not read
here is refused: to pass over one could change what the network says.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.symbol import HIDDEN_ATTRIBUTE, InvalidSymbol, Node

# Hints for speed, which change no result.
HINTS = {"workspace", "cudnn_tune", "cudnn_off", "layout"}
MAX_SIDE = 4096
SOFTMAX, SIGMOID = "SoftmaxOutput", "LogisticRegressionOutput"
OUTPUTS = (SOFTMAX, SIGMOID)

# Takes the inputs, and whether the network is being trained; gives the node's output.
Operator = Callable[[list[Tensor], bool], Tensor]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """What a node computes from its operands, the first of its inputs; the others are its parameters.

    `parameters` gives the shapes of these for a given shape of the first operand.
    """

    run: Operator
    parameters: Callable[[Shape], tuple[Shape, ...]] = lambda _: ()
    operands: int = 1


def operation(node: Node) -> Operation:
    """Returns what a node computes.

    Raises:
        InvalidSymbol: an operator or an attribute that is not known here.
    """
    if node.op not in _KNOWN:
        raise InvalidSymbol(f"its symbol has the operator {node.op[:40]!r}, which is not supported here")
    attributes = _Attributes(node)
    made = _KNOWN[node.op](attributes)
    attributes.refuse_unread()
    return made


def check_output(node: Node) -> None:
    """Lets a graph end in what turns logits into probabilities, and has one label an image.

    Raises:
        InvalidSymbol: anything else.
    """
    if node.op not in OUTPUTS or len(node.inputs) != 2:
        raise InvalidSymbol(f"its symbol ends in {node.op[:40]!r}, not in one of {', '.join(OUTPUTS)}")
    attributes = _Attributes(node)
    attributes.number("grad_scale", "1")
    attributes.refuse_unread()


class _Attributes:
    """Reads a node's attributes, all texts, and remembers which were read."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._left = {
            key for key in node.attributes if key not in HINTS and not key.startswith(HIDDEN_ATTRIBUTE)
        }

    def _text(self, key: str, default: str | None) -> str:
        self._left.discard(key)
        value = self._node.attributes.get(key, default)
        if value is None:
            raise InvalidSymbol(f"node {self._node.name[:40]!r} of its symbol lacks {key}")
        return value

    def _refuse(self, key: str) -> InvalidSymbol:
        value = self._node.attributes.get(key, "")
        return InvalidSymbol(
            f"node {self._node.name[:40]!r} of its symbol has {key[:40]!r} {value[:40]!r}, not supported here"
        )

    def choice(self, key: str, default: str, *allowed: str) -> str:
        value = self._text(key, default)
        if value not in allowed:
            raise self._refuse(key)
        return value

    def flag(self, key: str, default: bool) -> bool:
        return self.choice(key, str(default), "True", "False", "1", "0") in ("True", "1")

    def number(self, key: str, default: str | None = None) -> float:
        text = self._text(key, default)
        try:
            value = float(text)
        except ValueError:
            raise self._refuse(key) from None
        if not math.isfinite(value):
            raise self._refuse(key)
        return value

    def sides(self, key: str, default: str | None = None, count: int = 2) -> Shape:
        """A tuple such as "(3, 3)" of numbers from 0 to `MAX_SIDE`."""
        (text,) = self.matched(key, r"[(\[]([0-9, ]{1,80})[)\]]", default)
        numbers = tuple(int(part) for part in text.replace(" ", "").split(",") if part)
        if len(numbers) != count or max(numbers) > MAX_SIDE:
            raise self._refuse(key)
        return numbers

    def count(self, key: str, default: str | None = None) -> int:
        (text,) = self.matched(key, "([1-9][0-9]{0,5})", default)
        return int(text)

    def matched(self, key: str, pattern: str, default: str | None = None) -> tuple[str, ...]:
        """The groups of a regular expression that the whole text has to match."""
        found = re.fullmatch(pattern, self._text(key, default), re.ASCII)
        if not found:
            raise self._refuse(key)
        return found.groups()

    def refuse_unread(self) -> None:
        if self._left:
            raise self._refuse(min(self._left))


def _convolution(attributes: _Attributes) -> Operation:
    kernel = attributes.sides("kernel")
    filters = attributes.count("num_filter")
    groups = attributes.count("num_group", "1")
    stride, pad = attributes.sides("stride", "(1, 1)"), attributes.sides("pad", "(0, 0)")
    dilate = attributes.sides("dilate", "(1, 1)")
    biased = not attributes.flag("no_bias", False)

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        bias = inputs[2] if biased else None
        return F.conv2d(inputs[0], inputs[1], bias, stride, pad, dilate, groups)

    def parameters(shape: Shape) -> tuple[Shape, ...]:
        weight = (filters, shape[1] // groups, *kernel)
        return (weight, (filters,)) if biased else (weight,)

    return Operation(run, parameters)


def _batch_norm(attributes: _Attributes) -> Operation:
    eps, momentum = attributes.number("eps", "0.001"), attributes.number("momentum", "0.9")
    fixed, frozen = attributes.flag("fix_gamma", True), attributes.flag("use_global_stats", False)
    attributes.choice("axis", "1", "1")
    attributes.flag("output_mean_var", False)

    def run(inputs: list[Tensor], training: bool) -> Tensor:
        x, gamma, beta, mean, variance = inputs
        scale = None if fixed else gamma
        # MXNet's momentum is the share that stays, PyTorch's the share that is new.
        learns = training and not frozen
        return F.batch_norm(x, mean, variance, scale, beta, learns, 1 - momentum, eps)

    return Operation(run, lambda shape: ((shape[1],),) * 4)


def _fully_connected(attributes: _Attributes) -> Operation:
    hidden = attributes.count("num_hidden")
    biased = not attributes.flag("no_bias", False)
    attributes.choice("flatten", "True", "True")

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        return F.linear(inputs[0].flatten(1), inputs[1], inputs[2] if biased else None)

    def parameters(shape: Shape) -> tuple[Shape, ...]:
        weight = (hidden, torch.Size(shape[1:]).numel())
        return (weight, (hidden,)) if biased else (weight,)

    return Operation(run, parameters)


def _activation(attributes: _Attributes) -> Operation:
    attributes.choice("act_type", "", "relu")
    return Operation(lambda inputs, _: F.relu(inputs[0]))


def _pooling(attributes: _Attributes) -> Operation:
    kind = attributes.choice("pool_type", "max", "max", "avg")
    attributes.choice("pooling_convention", "valid", "valid")
    everything = attributes.flag("global_pool", False)
    kernel = attributes.sides("kernel", "(1, 1)")
    stride, pad = attributes.sides("stride", "(1, 1)"), attributes.sides("pad", "(0, 0)")
    counted = attributes.flag("count_include_pad", True)

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        x = inputs[0]
        if everything:
            return x.mean((2, 3), keepdim=True) if kind == "avg" else x.amax((2, 3), keepdim=True)
        if kind == "max":
            return F.max_pool2d(x, kernel, stride, pad)
        return F.avg_pool2d(x, kernel, stride, pad, count_include_pad=counted)

    return Operation(run)


def _pad(attributes: _Attributes) -> Operation:
    attributes.choice("mode", "constant", "constant")
    value = attributes.number("constant_value", "0")
    width = attributes.sides("pad_width", count=8)
    if any(width[:4]):
        raise InvalidSymbol("its symbol pads images or channels")
    top, bottom, left, right = width[4:]
    return Operation(lambda inputs, _: F.pad(inputs[0], (left, right, top, bottom), value=value))


def _clip(attributes: _Attributes) -> Operation:
    low, high = attributes.number("a_min"), attributes.number("a_max")
    return Operation(lambda inputs, _: inputs[0].clamp(low, high))


def _resize(attributes: _Attributes) -> Operation:
    size = (attributes.count("height"), attributes.count("width"))
    if max(size) > MAX_SIDE:
        raise InvalidSymbol(f"its symbol resizes to {size[0]}x{size[1]} pixels")

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        return F.interpolate(inputs[0], size=size, mode="bilinear", align_corners=True)

    return Operation(run)


def _reverse(attributes: _Attributes) -> Operation:
    (axis,) = attributes.sides("axis", count=1)
    return Operation(lambda inputs, _: inputs[0].flip(axis))


def _concat(attributes: _Attributes) -> Operation:
    parts = attributes.count("num_args")
    attributes.choice("dim", "1", "0")
    return Operation(lambda inputs, _: torch.cat(inputs), operands=parts)


def _reshape(attributes: _Attributes) -> Operation:
    first, last = attributes.matched("shape", r"\(([0-9]{1,4}), -1, ([0-9]{1,6})\)")
    return Operation(lambda inputs, _: inputs[0].reshape(int(first), -1, int(last)))


def _mean(attributes: _Attributes) -> Operation:
    (axis,) = attributes.sides("axis", count=1)
    return Operation(lambda inputs, _: inputs[0].mean(axis))


def _cast(attributes: _Attributes) -> Operation:
    # Half precision gains nothing on a CPU: everything is computed in single precision.
    attributes.choice("dtype", "", "float16", "float32")
    return Operation(lambda inputs, _: inputs[0])


_KNOWN: dict[str, Callable[[_Attributes], Operation]] = {
    "Activation": _activation,
    "BatchNorm": _batch_norm,
    "Cast": _cast,
    "Concat": _concat,
    "Convolution": _convolution,
    "Flatten": lambda _: Operation(lambda inputs, _: inputs[0].flatten(1)),
    "FullyConnected": _fully_connected,
    "Pad": _pad,
    "Pooling": _pooling,
    "Reshape": _reshape,
    "_contrib_BilinearResize2D": _resize,
    "_copy": lambda _: Operation(lambda inputs, _: inputs[0]),
    "clip": _clip,
    "elemwise_add": lambda _: Operation(lambda inputs, _: inputs[0] + inputs[1], operands=2),
    "mean": _mean,
    "reverse": _reverse,
}
