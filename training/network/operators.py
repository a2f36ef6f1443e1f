"""Reads MXNet's operators: those of the built-in's networks and of the networks trained here.

Source of names, attributes and defaults: MXNet 1.4.1's operator documentation. An attribute that is not read
here is refused: to pass over one could change what the network answers.
"""

from math import prod

from training.network.attributes import MAX_SIDE, Attributes
from training.network.symbol import InvalidSymbol, Node

SOFTMAX, SIGMOID = "SoftmaxOutput", "LogisticRegressionOutput"
OUTPUTS = (SOFTMAX, SIGMOID)

Shape = tuple[int, ...]
MAX_FLOAT32 = 3.4028234663852886e38
# Work is counted in the multiply-adds of a convolution with many channels, some 0.02 ns each on a core. What
# waits for memory takes as long for each value that it reads as this many of them, measured from 50 to 180.
READ = 100
# A processor computes that many channels at once: a convolution of fewer takes as long.
CHANNELS_AT_ONCE = 32


class Operation:
    """Tells what a node asks for; ``FixedNetwork`` and ``TrainedNetwork`` compute it.

    The shapes that its methods take are those of the operands, the first of its inputs; its other inputs are
    its parameters. Shapes that do not fit are a ValueError.
    """

    operands = 1

    def __init__(self, attributes: Attributes) -> None:
        """Takes what it needs to know from the attributes."""

    def infer_shape(self, *given: Shape) -> Shape:
        """Returns the shape of the output."""
        return given[0]

    def infer_parameters(self, *given: Shape) -> tuple[Shape, ...]:
        return ()

    def count_work(self, *given: Shape) -> int:
        """Returns the work for one value of the output."""
        return READ


def read_operation(node: Node) -> Operation:
    """Returns the operation of a node.

    Raises:
        InvalidSymbol: An operator or an attribute that is not known here.
    """
    if node.op not in _OPERATIONS:
        raise InvalidSymbol(f"its symbol has the operator {node.op[:40]!r}, which is not supported here")
    attributes = Attributes(node)
    operation = _OPERATIONS[node.op](attributes)
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


class Convolution(Operation):
    def __init__(self, attributes: Attributes) -> None:
        self.kernel = attributes.read_sides("kernel")
        self.filters = attributes.read_count("num_filter")
        self.groups = attributes.read_count("num_group", "1")
        self.stride = attributes.read_sides("stride", "(1, 1)")
        self.pad = attributes.read_sides("pad", "(0, 0)")
        self.dilate = attributes.read_sides("dilate", "(1, 1)")
        self.biased = not attributes.read_flag("no_bias", False)
        attributes.read_choice("layout", "None", "None", "NCHW")

    def infer_shape(self, *given: Shape) -> Shape:
        images, _, height, width = given[0]
        sides = map(_count_windows, (height, width), self.kernel, self.stride, self.pad, self.dilate)
        return images, self.filters, *sides

    def infer_parameters(self, *given: Shape) -> tuple[Shape, ...]:
        channels = given[0][1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError
        weight = (self.filters, channels // self.groups, *self.kernel)
        return (weight, (self.filters,)) if self.biased else (weight,)

    def count_work(self, *given: Shape) -> int:
        width = given[0][1] // self.groups
        narrowest = min(width, self.filters // self.groups)
        return prod(self.kernel) * width * max(1, CHANNELS_AT_ONCE // narrowest)


class BatchNorm(Operation):
    def __init__(self, attributes: Attributes) -> None:
        self.epsilon = attributes.read_number("eps", "0.001", least=0)
        self.momentum = attributes.read_number("momentum", "0.9")
        self.fixed_scale = attributes.read_flag("fix_gamma", True)
        self.frozen = attributes.read_flag("use_global_stats", False)
        attributes.read_choice("axis", "1", "1")
        attributes.read_flag("output_mean_var", False)

    def infer_parameters(self, *given: Shape) -> tuple[Shape, ...]:
        return ((given[0][1],),) * 4


class FullyConnected(Operation):
    def __init__(self, attributes: Attributes) -> None:
        self.hidden = attributes.read_count("num_hidden")
        self.biased = not attributes.read_flag("no_bias", False)
        attributes.read_choice("flatten", "True", "True")

    def infer_shape(self, *given: Shape) -> Shape:
        return given[0][0], self.hidden

    def infer_parameters(self, *given: Shape) -> tuple[Shape, ...]:
        weight = (self.hidden, prod(given[0][1:]))
        return (weight, (self.hidden,)) if self.biased else (weight,)

    def count_work(self, *given: Shape) -> int:
        return prod(given[0][1:])


class Relu(Operation):
    def __init__(self, attributes: Attributes) -> None:
        attributes.read_choice("act_type", "", "relu")


class Pooling(Operation):
    def __init__(self, attributes: Attributes) -> None:
        self.averages = attributes.read_choice("pool_type", "max", "max", "avg") == "avg"
        attributes.read_choice("pooling_convention", "valid", "valid")
        attributes.read_choice("layout", "None", "None", "NCHW")
        self.everything = attributes.read_flag("global_pool", False)
        self.kernel = attributes.read_sides("kernel", "(1, 1)")
        self.stride = attributes.read_sides("stride", "(1, 1)")
        self.pad = attributes.read_sides("pad", "(0, 0)")
        self.pad_counts = attributes.read_flag("count_include_pad", True)

    def infer_shape(self, *given: Shape) -> Shape:
        images, channels, height, width = given[0]
        if any(2 * pad > kernel for pad, kernel in zip(self.pad, self.kernel, strict=True)):
            raise ValueError
        if self.everything:
            return images, channels, 1, 1
        return images, channels, *map(_count_windows, (height, width), self.kernel, self.stride, self.pad)

    def count_work(self, *given: Shape) -> int:
        return READ * prod(given[0][2:] if self.everything else self.kernel)


class Pad(Operation):
    def __init__(self, attributes: Attributes) -> None:
        attributes.read_choice("mode", "constant", "constant")
        self.value = attributes.read_number("constant_value", "0")
        width = attributes.read_sides("pad_width", count=8)
        if any(width[:4]):
            raise InvalidSymbol("its symbol pads images or channels")
        self.top, self.bottom, self.left, self.right = width[4:]

    def infer_shape(self, *given: Shape) -> Shape:
        images, channels, height, width = given[0]
        return images, channels, height + self.top + self.bottom, width + self.left + self.right


class Clip(Operation):
    def __init__(self, attributes: Attributes) -> None:
        # Neither PyTorch nor OpenVINO takes a limit that float32 cannot hold.
        self.low, self.high = (
            max(-MAX_FLOAT32, min(attributes.read_number(key), MAX_FLOAT32)) for key in ("a_min", "a_max")
        )


class Resize(Operation):
    def __init__(self, attributes: Attributes) -> None:
        self.size = attributes.read_count("height"), attributes.read_count("width")
        if max(self.size) > MAX_SIDE:
            raise InvalidSymbol(f"its symbol resizes to {self.size[0]}x{self.size[1]} pixels")

    def infer_shape(self, *given: Shape) -> Shape:
        images, channels, _, _ = given[0]
        return images, channels, *self.size

    def count_work(self, *given: Shape) -> int:
        return 4 * READ


class Add(Operation):
    operands = 2

    def infer_shape(self, *given: Shape) -> Shape:
        if given[0] != given[1]:
            raise ValueError
        return given[0]


class Flatten(Operation):
    def infer_shape(self, *given: Shape) -> Shape:
        return given[0][0], prod(given[0][1:])


class Cast(Operation):
    def __init__(self, attributes: Attributes) -> None:
        # Half precision gains nothing on a CPU: everything is computed in single precision.
        attributes.read_choice("dtype", "", "float16", "float32")


_OPERATIONS: dict[str, type[Operation]] = {
    "Activation": Relu,
    "BatchNorm": BatchNorm,
    "Cast": Cast,
    "Convolution": Convolution,
    "Flatten": Flatten,
    "FullyConnected": FullyConnected,
    "Pad": Pad,
    "Pooling": Pooling,
    "_contrib_BilinearResize2D": Resize,
    "_copy": Operation,
    "clip": Clip,
    "elemwise_add": Add,
}
