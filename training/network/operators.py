"""Builds MXNet's operators in PyTorch: those of the built-in's networks and of the networks trained here.

Source of names, attributes and defaults: MXNet 1.4.1's operator documentation. An attribute that is not read
here is refused: to pass over one could change what the network answers.
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

# Takes the inputs, and whether the network is being trained; returns the node's output.
Operator = Callable[[list[Tensor], bool], Tensor]
Shape = tuple[int, ...]
# oneDNN's term for what it does to a convolution's result in the same pass: its name there, and its numbers.
PostOp = tuple[str, tuple[float, ...]]
MAX_FLOAT32 = torch.finfo(torch.float32).max
# Work is counted in the multiply-adds of a convolution with many channels, some 0.02 ns each on a core. What
# waits for memory takes as long for each value that it reads as this many of them, measured from 50 to 180.
READ = 100
# oneDNN computes that many channels at once: a convolution of fewer takes as long.
CHANNELS_AT_ONCE = 32


@dataclass(frozen=True)
class Operation:
    """Computes a node's output from its operands, the first of its inputs; the others are its parameters.

    Attributes:
        run: The operator.
        infer_shape: Returns the output's shape for the operands' shapes; ValueError if they do not fit.
        infer_parameters: Returns the parameters' shapes for the operands' shapes; ValueError likewise.
        count_work: Returns the work for one value of the output, for the operands' shapes.
        operands: How many of the inputs are operands.
        post_op: What oneDNN calls this when it follows a convolution; None where it has no name for it.
        fuse: Returns an operator for this operation and the one that follows, on the inputs of this one and
            then the other inputs of that one, without gradients; None where there is none.
    """

    run: Operator
    infer_shape: Callable[..., Shape] = lambda shape: shape
    infer_parameters: Callable[..., tuple[Shape, ...]] = lambda *_: ()
    count_work: Callable[..., int] = lambda *_: READ
    operands: int = 1
    post_op: PostOp | None = None
    fuse: Callable[["Operation"], Operator | None] = lambda _: None


def build_operation(node: Node) -> Operation:
    """Returns the operation of a node.

    Raises:
        InvalidSymbol: An operator or an attribute that is not known here.
    """
    if node.op not in _BUILDERS:
        raise InvalidSymbol(f"its symbol has the operator {node.op[:40]!r}, which is not supported here")
    attributes = Attributes(node)
    operation = _BUILDERS[node.op](attributes)
    attributes.refuse_unread()
    return operation


def check_output(node: Node) -> None:
    """Checks that a graph ends in what turns logits into probabilities, with one label an image.

    Raises:
        InvalidSymbol: It ends in anything else.
    """
    if node.op not in OUTPUTS or len(node.inputs) != 2:
        raise InvalidSymbol(f"its symbol ends in {node.op[:40]!r}, not in one of {', '.join(OUTPUTS)}")
    attributes = Attributes(node)
    attributes.read_number("grad_scale", "1")
    attributes.refuse_unread()


def _count_windows(side: int, kernel: int, stride: int, pad: int, dilate: int = 1) -> int:
    """Returns how often a window fits into a side."""
    left = side + 2 * pad - dilate * (kernel - 1) - 1
    if min(kernel, stride, dilate) < 1 or left < 0:
        raise ValueError
    return left // stride + 1


def _build_convolution(attributes: Attributes) -> Operation:
    kernel = attributes.read_sides("kernel")
    filters = attributes.read_count("num_filter")
    groups = attributes.read_count("num_group", "1")
    stride, pad = attributes.read_sides("stride", "(1, 1)"), attributes.read_sides("pad", "(0, 0)")
    dilate = attributes.read_sides("dilate", "(1, 1)")
    biased = not attributes.read_flag("no_bias", False)
    attributes.read_choice("layout", "None", "None", "NCHW")
    pointwise = (kernel, stride, pad, groups) == ((1, 1), (1, 1), (0, 0), 1)

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        x, weight, *rest = inputs
        bias = rest[0] if rest else None
        if pointwise:
            # The same numbers; on a CPU a matrix product is faster, forward and backward.
            return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
        return F.conv2d(x, weight, bias, stride, pad, dilate, groups)

    def fuse(following: Operation) -> Operator | None:
        # What PyTorch's own compiler emits for a CPU: it spares a pass through memory.
        if following.post_op is None or not torch.backends.mkldnn.is_available():
            return None
        name, numbers = following.post_op
        convolve = torch.ops.mkldnn._convolution_pointwise
        window = (pad, stride, dilate, groups)

        def run_fused(inputs: list[Tensor], _: bool) -> Tensor:
            x, weight, *rest = inputs
            bias = rest.pop(0) if biased else None
            if rest:
                return convolve.binary(x, rest[0], weight, bias, *window, name, None, None, [], None)
            return convolve(x, weight, bias, *window, name, numbers, "")

        return run_fused

    def infer_shape(given: Shape) -> Shape:
        images, _, *sides = given
        if len(sides) != 2:
            raise ValueError
        return images, filters, *map(_count_windows, sides, kernel, stride, pad, dilate)

    def infer_parameters(given: Shape) -> tuple[Shape, ...]:
        if given[1] % groups or filters % groups:
            raise ValueError
        weight = (filters, given[1] // groups, *kernel)
        return (weight, (filters,)) if biased else (weight,)

    def count_work(given: Shape) -> int:
        width = given[1] // groups
        return prod(kernel) * width * max(1, CHANNELS_AT_ONCE // min(width, filters // groups))

    return Operation(run, infer_shape, infer_parameters, count_work, fuse=fuse)


def _build_batch_norm(attributes: Attributes) -> Operation:
    eps, momentum = attributes.read_number("eps", "0.001", least=0), attributes.read_number("momentum", "0.9")
    fixed, frozen = attributes.read_flag("fix_gamma", True), attributes.read_flag("use_global_stats", False)
    attributes.read_choice("axis", "1", "1")
    attributes.read_flag("output_mean_var", False)

    def run(inputs: list[Tensor], training: bool) -> Tensor:
        x, gamma, beta, mean, variance = inputs
        scale = None if fixed else gamma
        # MXNet's momentum is the share that stays, PyTorch's the share that is new.
        learns = training and not frozen
        return F.batch_norm(x, mean, variance, scale, beta, learns, 1 - momentum, eps)

    return Operation(run, infer_parameters=lambda given: ((given[1],),) * 4)


def _build_fully_connected(attributes: Attributes) -> Operation:
    hidden = attributes.read_count("num_hidden")
    biased = not attributes.read_flag("no_bias", False)
    attributes.read_choice("flatten", "True", "True")

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        return F.linear(inputs[0].flatten(1), inputs[1], inputs[2] if biased else None)

    def infer_parameters(given: Shape) -> tuple[Shape, ...]:
        weight = (hidden, prod(given[1:]))
        return (weight, (hidden,)) if biased else (weight,)

    return Operation(run, lambda given: (given[0], hidden), infer_parameters, lambda given: prod(given[1:]))


def _build_activation(attributes: Attributes) -> Operation:
    attributes.read_choice("act_type", "", "relu")
    return Operation(lambda inputs, _: F.relu(inputs[0]), post_op=("relu", ()))


def _build_pooling(attributes: Attributes) -> Operation:
    kind = attributes.read_choice("pool_type", "max", "max", "avg")
    attributes.read_choice("pooling_convention", "valid", "valid")
    attributes.read_choice("layout", "None", "None", "NCHW")
    everything = attributes.read_flag("global_pool", False)
    kernel = attributes.read_sides("kernel", "(1, 1)")
    stride, pad = attributes.read_sides("stride", "(1, 1)"), attributes.read_sides("pad", "(0, 0)")
    counted = attributes.read_flag("count_include_pad", True)

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        x = inputs[0]
        if everything:
            return x.mean((2, 3), keepdim=True) if kind == "avg" else x.amax((2, 3), keepdim=True)
        if kind == "max":
            return F.max_pool2d(x, kernel, stride, pad)
        return F.avg_pool2d(x, kernel, stride, pad, count_include_pad=counted)

    def infer_shape(given: Shape) -> Shape:
        images, channels, *sides = given
        if len(sides) != 2 or any(2 * wide > side for wide, side in zip(pad, kernel, strict=True)):
            raise ValueError
        return images, channels, *((1, 1) if everything else map(_count_windows, sides, kernel, stride, pad))

    def count_work(given: Shape) -> int:
        return READ * prod(given[2:] if everything else kernel)

    return Operation(run, infer_shape, count_work=count_work)


def _build_pad(attributes: Attributes) -> Operation:
    attributes.read_choice("mode", "constant", "constant")
    value = attributes.read_number("constant_value", "0")
    width = attributes.read_sides("pad_width", count=8)
    if any(width[:4]):
        raise InvalidSymbol("its symbol pads images or channels")
    top, bottom, left, right = width[4:]

    def infer_shape(given: Shape) -> Shape:
        images, channels, height, wide = given
        return images, channels, height + top + bottom, wide + left + right

    return Operation(lambda inputs, _: F.pad(inputs[0], (left, right, top, bottom), value=value), infer_shape)


def _build_clip(attributes: Attributes) -> Operation:
    # PyTorch takes no limit that float32 cannot hold.
    low, high = (
        max(-MAX_FLOAT32, min(attributes.read_number(key), MAX_FLOAT32)) for key in ("a_min", "a_max")
    )
    # oneDNN refuses limits of another order, and only when it meets an image.
    post_op: PostOp | None = ("hardtanh", (low, high)) if low <= high else None
    return Operation(lambda inputs, _: inputs[0].clamp(low, high), post_op=post_op)


def _build_resize(attributes: Attributes) -> Operation:
    size = (attributes.read_count("height"), attributes.read_count("width"))
    if max(size) > MAX_SIDE:
        raise InvalidSymbol(f"its symbol resizes to {size[0]}x{size[1]} pixels")

    def run(inputs: list[Tensor], _: bool) -> Tensor:
        return F.interpolate(inputs[0], size=size, mode="bilinear", align_corners=True)

    def infer_shape(given: Shape) -> Shape:
        images, channels, _, _ = given
        return images, channels, *size

    return Operation(run, infer_shape, count_work=lambda _: 4 * READ)


def _build_reverse(attributes: Attributes) -> Operation:
    attributes.read_choice("axis", "", "(3,)")

    def infer_shape(given: Shape) -> Shape:
        if len(given) != 4:
            raise ValueError
        return given

    return Operation(lambda inputs, _: inputs[0].flip(3), infer_shape)


def _build_concat(attributes: Attributes) -> Operation:
    parts = attributes.read_count("num_args")
    attributes.read_choice("dim", "1", "0")

    def infer_shape(*given: Shape) -> Shape:
        if len({one[1:] for one in given}) != 1:
            raise ValueError
        return sum(one[0] for one in given), *given[0][1:]

    return Operation(lambda inputs, _: torch.cat(inputs), infer_shape, operands=parts)


def _build_reshape(attributes: Attributes) -> Operation:
    first, last = map(int, attributes.read_groups("shape", r"\(([1-9][0-9]{0,3}), -1, ([1-9][0-9]{0,5})\)"))

    def infer_shape(given: Shape) -> Shape:
        middle, rest = divmod(prod(given), first * last)
        if rest:
            raise ValueError
        return first, middle, last

    return Operation(lambda inputs, _: inputs[0].reshape(first, -1, last), infer_shape)


def _build_mean(attributes: Attributes) -> Operation:
    attributes.read_choice("axis", "", "(0,)")
    return Operation(
        lambda inputs, _: inputs[0].mean(0), lambda given: given[1:], count_work=lambda given: READ * given[0]
    )


def _build_add(_: Attributes) -> Operation:
    def infer_shape(one: Shape, other: Shape) -> Shape:
        if one != other:
            raise ValueError
        return one

    return Operation(lambda inputs, _: inputs[0] + inputs[1], infer_shape, operands=2, post_op=("add", ()))


def _build_flatten(_: Attributes) -> Operation:
    return Operation(lambda inputs, _: inputs[0].flatten(1), lambda given: (given[0], prod(given[1:])))


def _build_cast(attributes: Attributes) -> Operation:
    # Half precision gains nothing on a CPU: everything is computed in single precision.
    attributes.read_choice("dtype", "", "float16", "float32")
    return Operation(lambda inputs, _: inputs[0])


_BUILDERS: dict[str, Callable[[Attributes], Operation]] = {
    "Activation": _build_activation,
    "BatchNorm": _build_batch_norm,
    "Cast": _build_cast,
    "Concat": _build_concat,
    "Convolution": _build_convolution,
    "Flatten": _build_flatten,
    "FullyConnected": _build_fully_connected,
    "Pad": _build_pad,
    "Pooling": _build_pooling,
    "Reshape": _build_reshape,
    "_contrib_BilinearResize2D": _build_resize,
    "_copy": lambda _: Operation(lambda inputs, _: inputs[0]),
    "clip": _build_clip,
    "elemwise_add": _build_add,
    "mean": _build_mean,
    "reverse": _build_reverse,
}
