"""Infers what a symbol graph asks for: the shapes of its weights, its classes, the memory and work it takes.

All of it is known before anything is computed, so that a graph that asks for too much is refused beforehand.
"""

from collections.abc import Mapping
from math import prod

from torch import Tensor

from training.network.operators import Operation, Shape, build_operation, check_output
from training.network.steps import Step, find_peak, fuse_steps, plan_steps
from training.network.symbol import DATA, InvalidSymbol, Symbol, find_auxiliary_inputs

ImageShape = tuple[int, int, int]

# float32 values that are held at a time for one image: 1 GiB.
MAX_VALUES = 1 << 28
# Work for one image, counted as operators.READ says: some 10 seconds on a core. A ResNet-200 takes 24
# thousand million at 224 pixels (15 are its multiply-adds) and 510 at 1024.
MAX_WORK = 1 << 39
TOO_MANY_VALUES = f"its symbol asks for more than {MAX_VALUES} values at a time for one image"


class InferredGraph:
    """A symbol that is known to run on images of a shape.

    Attributes:
        names: The name in a ``.params`` file of each weight and statistic, by the number of its node.
        shapes: The shape of each of them, by that name.
        logits: The number of the node that gives the logits.
        last_layer: The number of the FullyConnected node that they come from.
        num_classes: How many logits there are for an image.
    """

    def __init__(self, symbol: Symbol, image_shape: ImageShape) -> None:
        """Infers all shapes.

        Raises:
            InvalidSymbol: The graph cannot be run, or would take too much memory or time.
        """
        self._symbol = symbol
        self._operations: dict[int, Operation] = {}
        self._steps: dict[tuple[int, int, bool], list[Step]] = {}
        self._work = 0
        self.names: dict[int, str] = {}
        self.shapes: dict[str, Shape] = {}
        data = symbol.find(DATA)
        check_output(symbol.nodes[-1])
        outputs: dict[int, Shape] = {data: (1, *image_shape)}
        for number, node in enumerate(symbol.nodes[:-1]):
            if node.op != "null":
                outputs[number] = self._infer(number, outputs)
        self.logits = symbol.nodes[-1].inputs[0]
        self.last_layer = self._find_last_layer()
        shape = outputs[self.logits]
        if len(shape) != 2 or shape[0] != 1:
            raise InvalidSymbol("its symbol does not give one number a class for one image")
        self.num_classes = shape[1]
        sizes = {number: prod(output) for number, output in outputs.items()}
        if find_peak(self.plan(data, self.logits), sizes, data) > MAX_VALUES:
            raise InvalidSymbol(TOO_MANY_VALUES)

    def check(self, values: Mapping[str, Tensor]) -> None:
        """Checks that the values are those that the graph needs.

        Raises:
            InvalidSymbol: They are not.
        """
        if missing := self.shapes.keys() - values.keys():
            raise InvalidSymbol(f"its weights lack {min(missing)[:40]!r}")
        if left := values.keys() - self.shapes.keys():
            raise InvalidSymbol(f"its weights have {min(left)[:40]!r}, which its symbol has not")
        for name, shape in self.shapes.items():
            found = tuple(values[name].shape)
            if found != shape:
                raise InvalidSymbol(f"{name[:40]!r} has the shape {str(found)[:100]}, not {str(shape)[:100]}")
        for node in self._symbol.nodes:
            if node.op == "BatchNorm" and (values[self.names[node.inputs[4]]] < 0).any():
                raise InvalidSymbol(f"{self.names[node.inputs[4]][:40]!r} has a variance below 0")

    def plan(self, start: int, end: int, fused: bool = False) -> list[Step]:
        """Returns the steps from one node to another; the fused ones are faster, but have no gradients."""
        key = (start, end, fused)
        if key not in self._steps:
            steps = plan_steps(self._symbol, self._operations, start, end)
            self._steps[key] = fuse_steps(self._operations, steps) if fused else steps
        return self._steps[key]

    def _infer(self, number: int, outputs: Mapping[int, Shape]) -> Shape:
        """Returns the shape of a node's output, and notes its operation and its parameters."""
        node = self._symbol.nodes[number]
        operation = self._operations[number] = build_operation(node)
        shown = f"node {node.name[:40]!r} of its symbol"
        operands = [outputs[source] for source in node.inputs[: operation.operands] if source in outputs]
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
        node = self._symbol.nodes[number]
        variable = self._symbol.nodes[node.inputs[place]]
        kind = "aux" if place in find_auxiliary_inputs(node) else "arg"
        name = f"{kind}:{variable.name}"
        noted = self.names.setdefault(node.inputs[place], name)
        if variable.op != "null" or variable.name == DATA or noted != name:
            raise InvalidSymbol(f"node {node.name[:40]!r} of its symbol has no weight of its own")
        if self.shapes.setdefault(name, shape) != shape:
            raise InvalidSymbol(f"two nodes of its symbol take {name[:40]!r} to have different shapes")

    def _find_last_layer(self) -> int:
        number = self.logits
        while (node := self._symbol.nodes[number]).op != "FullyConnected" or len(node.inputs) != 3:
            if not node.inputs:
                raise InvalidSymbol("its symbol has no FullyConnected layer with a bias at its end")
            number = node.inputs[0]
        return number
