"""MXNet's operators in PyTorch: those of the built-in's networks and of the networks trained here.

Source of names, attributes and defaults: MXNet 1.4.1's operator documentation. An attribute that is not read
here is refused: to pass over one could change what the network says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor

from training.network.attributes import MAX_SIDE, Attributes
from training.network.symbol import InvalidSymbol, Node

SOFTMAX, SIGMOID = "SoftmaxOutput", "LogisticRegressionOutput"
OUTPUTS = (SOFTMAX, SIGMOID)

# Takes the inputs, and whether the network is being trained; gives the node's output.
Operator = Callable[[list[Tensor], bool], Tensor]
Shape = tuple[int, ...]
# oneDNN's term for what it does to a convolution's result in the same walk: its name there, and its numbers.
PostOp = tuple[str, tuple[float, ...]]
MAX_FLOAT32 = torch.finfo(torch.float32).max


@dataclass(frozen=True)
class Operation:
    """What a node computes from its operands, the first of its inputs; the others are its parameters.

    `shape` takes the shapes of the operands and gives that of the output; `parameters` gives those of the
    parameters. Both raise ValueError where an operand does not fit. `joined` takes what comes next and gives
    what runs both at once, without gradients, on this one's inputs and then the next one's other inputs.
    """

    run: Operator
    shape: Callable[..., Shape] = lambda shape: shape
    parameters: Callable[..., tuple[Shape, ...]] = lambda *_: ()
    operands: int = 1
    post_op: PostOp | None = None
    joined: Callable[["Operation"], Operator | None] = lambda _: None


def operation(node: Node) -> Operation:
    """Returns what a node computes.

    Raises:
        InvalidSymbol: an operator or an attribute that is not known here.
    """
    if node.op not in _KNOWN:
        raise InvalidSymbol(f"its symbol has the operator {node.op[:40]!r}, which is not supported here")
    attributes = Attributes(node)
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
    attributes = Attributes(node)
    attributes.number("grad_scale", "1")
    attributes.refuse_unread()


def _windows(side: int, kernel: int, stride: int, pad: int, dilate: int = 1) -> int:
    """How often a window fits into a side."""
    left = side + 2 * pad - dilate * (kernel - 1) - 1
    if min(kernel, stride, dilate) < 1 or left < 0:
        raise ValueError
    return left // stride + 1


def _convolution(attributes: Attributes) -> Operation:
    kernel = attributes.sides("kernel")
    filters = attributes.count("num_filter")
    groups = attributes.count("num_group", "1")
    stride, pad = attributes.sides("stride", "(1, 1)"), attributes.sides("pad", "(0, 0)")
    dilate = attributes.sides("dilate", "(1, 1)")
    biased = not attributes.flag("no_bias", False)
    attributes.choice("layout", "None", "None", "NCHW")
    pointwise = (kernel, stride, pad, groups) == ((1, 1), (1, 1), (0, 0), 1)

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        x, weight, *rest = inputs
        bias = rest[0] if rest else None
        if pointwise:
            # The same numbers; a matrix product is the faster way to them on a CPU, forward and backward.
            return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
        return F.conv2d(x, weight, bias, stride, pad, dilate, groups)

    def joined(following: Operation) -> Operator | None:
        # What PyTorch's own compiler emits for a CPU: it spares a walk through memory.
        if following.post_op is None or not torch.backends.mkldnn.is_available():
            return None
        name, numbers = following.post_op
        fused = torch.ops.mkldnn._convolution_pointwise
        window = (pad, stride, dilate, groups)

        def run_joined(inputs: list[Tensor], _: bool) -> Tensor:
            x, weight, *rest = inputs
            bias = rest.pop(0) if biased else None
            if rest:
                return fused.binary(x, rest[0], weight, bias, *window, name, None, None, [], None)
            return fused(x, weight, bias, *window, name, numbers, "")

        return run_joined

    def shape(given: Shape) -> Shape:
        images, _, *sides = given
        if len(sides) != 2:
            raise ValueError
        return images, filters, *map(_windows, sides, kernel, stride, pad, dilate)

    def parameters(given: Shape) -> tuple[Shape, ...]:
        if given[1] % groups or filters % groups:
            raise ValueError
        weight = (filters, given[1] // groups, *kernel)
        return (weight, (filters,)) if biased else (weight,)

    return Operation(run, shape, parameters, joined=joined)


def _batch_norm(attributes: Attributes) -> Operation:
    eps, momentum = attributes.number("eps", "0.001", least=0), attributes.number("momentum", "0.9")
    fixed, frozen = attributes.flag("fix_gamma", True), attributes.flag("use_global_stats", False)
    attributes.choice("axis", "1", "1")
    attributes.flag("output_mean_var", False)

    def run(inputs: list[Tensor], training: bool) -> Tensor:
        x, gamma, beta, mean, variance = inputs
        scale = None if fixed else gamma
        # MXNet's momentum is the share that stays, PyTorch's the share that is new.
        learns = training and not frozen
        return F.batch_norm(x, mean, variance, scale, beta, learns, 1 - momentum, eps)

    return Operation(run, parameters=lambda given: ((given[1],),) * 4)


def _fully_connected(attributes: Attributes) -> Operation:
    hidden = attributes.count("num_hidden")
    biased = not attributes.flag("no_bias", False)
    attributes.choice("flatten", "True", "True")

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        return F.linear(inputs[0].flatten(1), inputs[1], inputs[2] if biased else None)

    def parameters(given: Shape) -> tuple[Shape, ...]:
        weight = (hidden, prod(given[1:]))
        return (weight, (hidden,)) if biased else (weight,)

    return Operation(run, lambda given: (given[0], hidden), parameters)


def _activation(attributes: Attributes) -> Operation:
    attributes.choice("act_type", "", "relu")
    return Operation(lambda inputs, _: F.relu(inputs[0]), post_op=("relu", ()))


def _pooling(attributes: Attributes) -> Operation:
    kind = attributes.choice("pool_type", "max", "max", "avg")
    attributes.choice("pooling_convention", "valid", "valid")
    attributes.choice("layout", "None", "None", "NCHW")
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

    def shape(given: Shape) -> Shape:
        images, channels, *sides = given
        if len(sides) != 2 or any(2 * wide > side for wide, side in zip(pad, kernel, strict=True)):
            raise ValueError
        return images, channels, *((1, 1) if everything else map(_windows, sides, kernel, stride, pad))

    return Operation(run, shape)


def _pad(attributes: Attributes) -> Operation:
    attributes.choice("mode", "constant", "constant")
    value = attributes.number("constant_value", "0")
    width = attributes.sides("pad_width", count=8)
    if any(width[:4]):
        raise InvalidSymbol("its symbol pads images or channels")
    top, bottom, left, right = width[4:]

    def shape(given: Shape) -> Shape:
        images, channels, height, wide = given
        return images, channels, height + top + bottom, wide + left + right

    return Operation(lambda inputs, _: F.pad(inputs[0], (left, right, top, bottom), value=value), shape)


def _clip(attributes: Attributes) -> Operation:
    # PyTorch takes no limit that is beyond what it limits.
    low, high = (max(-MAX_FLOAT32, min(attributes.number(key), MAX_FLOAT32)) for key in ("a_min", "a_max"))
    # oneDNN refuses limits of another order, and only when it meets an image.
    post_op: PostOp | None = ("hardtanh", (low, high)) if low <= high else None
    return Operation(lambda inputs, _: inputs[0].clamp(low, high), post_op=post_op)


def _resize(attributes: Attributes) -> Operation:
    size = (attributes.count("height"), attributes.count("width"))
    if max(size) > MAX_SIDE:
        raise InvalidSymbol(f"its symbol resizes to {size[0]}x{size[1]} pixels")

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        return F.interpolate(inputs[0], size=size, mode="bilinear", align_corners=True)

    def shape(given: Shape) -> Shape:
        images, channels, _, _ = given
        return images, channels, *size

    return Operation(run, shape)


def _reverse(attributes: Attributes) -> Operation:
    attributes.choice("axis", "", "(3,)")

    def shape(given: Shape) -> Shape:
        if len(given) != 4:
            raise ValueError
        return given

    return Operation(lambda inputs, _: inputs[0].flip(3), shape)


def _concat(attributes: Attributes) -> Operation:
    parts = attributes.count("num_args")
    attributes.choice("dim", "1", "0")

    def shape(*given: Shape) -> Shape:
        if len({one[1:] for one in given}) != 1:
            raise ValueError
        return sum(one[0] for one in given), *given[0][1:]

    return Operation(lambda inputs, _: torch.cat(inputs), shape, operands=parts)


def _reshape(attributes: Attributes) -> Operation:
    first, last = map(int, attributes.matched("shape", r"\(([1-9][0-9]{0,3}), -1, ([1-9][0-9]{0,5})\)"))

    def shape(given: Shape) -> Shape:
        middle, rest = divmod(prod(given), first * last)
        if rest:
            raise ValueError
        return first, middle, last

    return Operation(lambda inputs, _: inputs[0].reshape(first, -1, last), shape)


def _mean(attributes: Attributes) -> Operation:
    attributes.choice("axis", "", "(0,)")
    return Operation(lambda inputs, _: inputs[0].mean(0), lambda given: given[1:])


def _add(_: Attributes) -> Operation:
    def shape(one: Shape, other: Shape) -> Shape:
        if one != other:
            raise ValueError
        return one

    return Operation(lambda inputs, _: inputs[0] + inputs[1], shape, operands=2, post_op=("add", ()))


def _flatten(_: Attributes) -> Operation:
    return Operation(lambda inputs, _: inputs[0].flatten(1), lambda given: (given[0], prod(given[1:])))


def _cast(attributes: Attributes) -> Operation:
    # Half precision gains nothing on a CPU: everything is computed in single precision.
    attributes.choice("dtype", "", "float16", "float32")
    return Operation(lambda inputs, _: inputs[0])


_KNOWN: dict[str, Callable[[Attributes], Operation]] = {
    "Activation": _activation,
    "BatchNorm": _batch_norm,
    "Cast": _cast,
    "Concat": _concat,
    "Convolution": _convolution,
    "Flatten": _flatten,
    "FullyConnected": _fully_connected,
    "Pad": _pad,
    "Pooling": _pooling,
    "Reshape": _reshape,
    "_contrib_BilinearResize2D": _resize,
    "_copy": lambda _: Operation(lambda inputs, _: inputs[0]),
    "clip": _clip,
    "elemwise_add": _add,
    "mean": _mean,
    "reverse": _reverse,
}
