"""Infers what a symbol graph asks for: the shapes of its weights, its classes, the memory and work it takes.

All of it is known before anything is computed, so that a graph that asks for too much is refused beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from training.network.operators import SIGMOID, Operation, Shape, check_output, read_operation
from training.network.symbol import DATA, InvalidSymbol, Symbol, find_auxiliary_inputs

ImageShape = tuple[int, int, int]
Float32 = NDArray[np.float32]

# float32 values that are held at a time for one image: 1 GiB.
MAX_VALUES = 1 << 28
# Work for one image, counted as operators.READ says: some 10 seconds on a core. A ResNet-200 takes 24
# thousand million at 224 pixels (15 are its multiply-adds) and 510 at 1024.
MAX_WORK = 1 << 39
TOO_MANY_VALUES = f"its symbol asks for more than {MAX_VALUES} values at a time for one image"


@dataclass(frozen=True)
class Step:
    """A node to compute.

    Attributes:
        node: Its number.
        inputs: The numbers of the nodes that it takes.
        operation: What it computes.
        last_use_of: Those of its inputs whose values no later step takes.
    """

    node: int
    inputs: tuple[int, ...]
    operation: Operation
    last_use_of: set[int]


class InferredGraph:
    """A symbol that is known to run on images of a shape.

    Attributes:
        symbol: The symbol.
        image_shape: The shape.
        outputs: The shape of what each operator gives for one image, by the number of its node.
        names: The name in a ``.params`` file of each weight and statistic, by the number of its node.
        shapes: The shape of each of them, by that name.
        logits: The number of the node that gives the logits.
        last_layer: The number of the FullyConnected node that they come from.
        num_classes: How many logits there are for an image.
        multi_label: Whether the classes' probabilities are independent of each other.
    """

    def __init__(self, symbol: Symbol, image_shape: ImageShape) -> None:
        """Infers all shapes.

        Raises:
            InvalidSymbol: The graph cannot be run, or would take too much memory or time.
        """
        self.symbol, self.image_shape = symbol, image_shape
        self.multi_label = symbol.nodes[-1].op == SIGMOID
        self._operations: dict[int, Operation] = {}
        self._work = 0
        self.outputs: dict[int, Shape] = {symbol.find(DATA): (1, *image_shape)}
        self.names: dict[int, str] = {}
        self.shapes: dict[str, Shape] = {}
        check_output(symbol.nodes[-1])
        for number, node in enumerate(symbol.nodes[:-1]):
            if node.op != "null":
                self.outputs[number] = self._infer(number)
        self.logits = symbol.nodes[-1].inputs[0]
        self.last_layer = self._find_last_layer()
        shape = self.outputs[self.logits]
        if len(shape) != 2:
            raise InvalidSymbol("its symbol does not give one number a class for one image")
        self.num_classes = shape[1]
        held = prod(image_shape)
        for step in self.plan(symbol.find(DATA), self.logits):
            held += prod(self.outputs[step.node])
            if held > MAX_VALUES:
                raise InvalidSymbol(TOO_MANY_VALUES)
            held -= sum(prod(self.outputs[source]) for source in step.last_use_of)

    def check(self, values: Mapping[str, Float32]) -> None:
        """Checks that the values are those that the graph needs.

        Raises:
            InvalidSymbol: They are not.
        """
        if missing := self.shapes.keys() - values.keys():
            raise InvalidSymbol(f"its weights lack {min(missing)[:40]!r}")
        if left := values.keys() - self.shapes.keys():
            raise InvalidSymbol(f"its weights have {min(left)[:40]!r}, which its symbol has not")
        for name, shape in self.shapes.items():
            found = values[name]
            if found.shape != shape:
                told = f"{name[:40]!r} has the shape {str(found.shape)[:100]}, not {str(shape)[:100]}"
                raise InvalidSymbol(told)
            if not np.isfinite(found).all():
                raise InvalidSymbol(f"{name[:40]!r} is not finite")
        for node in self.symbol.nodes:
            if node.op == "BatchNorm" and np.any(values[self.names[node.inputs[4]]] < 0):
                raise InvalidSymbol(f"{self.names[node.inputs[4]][:40]!r} has a variance below 0")

    def plan(self, start: int, end: int) -> list[Step]:
        """Returns what to compute, in order, for the value of ``end`` once ``start`` has its value."""
        needed, wanted = {end}, []
        for number in range(end, start, -1):
            if number in needed and number in self._operations:
                wanted.append(number)
                needed.update(self.symbol.nodes[number].inputs)
        computed, taken_later = {start, *wanted}, {end}
        steps = []
        for number in wanted:
            inputs = self.symbol.nodes[number].inputs
            sources = computed.intersection(inputs)
            steps.append(Step(number, inputs, self._operations[number], sources - taken_later))
            taken_later |= sources
        return steps[::-1]

    def _infer(self, number: int) -> Shape:
        """Returns the shape of a node's output, and notes its operation and its parameters."""
        node = self.symbol.nodes[number]
        operation = self._operations[number] = read_operation(node)
        shown = f"node {node.name[:40]!r} of its symbol"
        taken = node.inputs[: operation.operands]
        operands = [self.outputs[source] for source in taken if source in self.outputs]
        if len(operands) < operation.operands:
            raise InvalidSymbol(f"{shown} lacks an input")
        try:
            parameters, output = operation.infer_parameters(*operands), operation.infer_shape(*operands)
        except (ValueError, IndexError):
            raise InvalidSymbol(f"{shown} does not fit its inputs") from None
        if len(parameters) != len(node.inputs) - operation.operands:
            raise InvalidSymbol(f"{shown} has {len(node.inputs)} inputs")
        for place, shape in enumerate(parameters, operation.operands):
            self._note_parameter(number, place, shape)
        if prod(output) > MAX_VALUES:
            raise InvalidSymbol(TOO_MANY_VALUES)
        self._work += prod(output) * operation.count_work(*operands)
        if self._work > MAX_WORK:
            raise InvalidSymbol(f"its symbol asks for more work than {MAX_WORK} multiply-adds for one image")
        return output

    def _note_parameter(self, number: int, place: int, shape: Shape) -> None:
        node = self.symbol.nodes[number]
        variable = self.symbol.nodes[node.inputs[place]]
        kind = "aux" if place in find_auxiliary_inputs(node) else "arg"
        name = f"{kind}:{variable.name}"
        noted = self.names.setdefault(node.inputs[place], name)
        if variable.op != "null" or variable.name == DATA or noted != name:
            raise InvalidSymbol(f"node {node.name[:40]!r} of its symbol has no weight of its own")
        if self.shapes.setdefault(name, shape) != shape:
            raise InvalidSymbol(f"two nodes of its symbol take {name[:40]!r} to have different shapes")

    def _find_last_layer(self) -> int:
        number = self.logits
        while (node := self.symbol.nodes[number]).op != "FullyConnected" or len(node.inputs) != 3:
            if not node.inputs:
                raise InvalidSymbol("its symbol has no FullyConnected layer with a bias at its end")
            number = node.inputs[0]
        return number


@dataclass(frozen=True)
class Network:
    """A graph with its weights and statistics, which have the names and shapes of ``InferredGraph.shapes``.

    It takes float32 (n, 3, height, width) of raw 0-255 RGB. The names are those of a ``.params`` file: "arg:"
    and weights, "aux:" and statistics.
    """

    graph: InferredGraph
    values: Mapping[str, Float32]

    def get_inputs(self, node: int) -> list[Float32]:
        """Returns those inputs of a node that are weights or statistics."""
        names = self.graph.names
        return [
            self.values[names[source]] for source in self.graph.symbol.nodes[node].inputs if source in names
        ]

    def calibrate(self, temperature: float) -> "Network":
        """Returns the network with a last layer whose logits are divided by the temperature.

        So calibration travels with the artifact.
        """
        inputs = self.graph.symbol.nodes[self.graph.last_layer].inputs
        divided = {self.graph.names.get(source) for source in inputs}
        return Network(
            self.graph,
            {name: value / temperature if name in divided else value for name, value in self.values.items()},
        )
