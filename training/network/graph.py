"""What a symbol graph asks for: the shapes of its weights, the order of its steps, the memory it takes.

All of it is known before any memory is taken, so that a graph that asks for too much is refused beforehand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from torch import Tensor

from training.network.operators import Operation, Operator, check_output, operation
from training.network.symbol import DATA, InvalidSymbol, Symbol, auxiliary_inputs

ImageShape = tuple[int, int, int]
Shape = tuple[int, ...]

# float32 values that are held at a time for one image: 1 GiB.
MAX_VALUES = 1 << 28


@dataclass(frozen=True)
class Step:
    """What gives the value of `node` from those of `inputs`; nobody needs those of `last_use_of` after it."""

    node: int
    inputs: tuple[int, ...]
    run: Operator
    last_use_of: tuple[int, ...]


class InferredGraph:
    """A symbol that is known to run on images of a shape.

    `operations` and `names` go by the number of a node, `shapes` by the name in a `.params` file.
    """

    def __init__(self, symbol: Symbol, image_shape: ImageShape) -> None:
        """Raises InvalidSymbol for a graph that cannot be run, or that would take too much memory."""
        self._symbol = symbol
        self.operations: dict[int, Operation] = {}
        self.names: dict[int, str] = {}
        self.shapes: dict[str, Shape] = {}
        self._steps: dict[tuple[int, int, bool], list[Step]] = {}
        data = symbol.number(DATA)
        check_output(symbol.nodes[-1])
        given: dict[int, Shape] = {data: (1, *image_shape)}
        for number, node in enumerate(symbol.nodes[:-1]):
            if node.op != "null":
                given[number] = self._infer(number, given)
        self.logits = symbol.nodes[-1].inputs[0]
        self.last_layer = self._last_layer()
        shape = given[self.logits]
        if len(shape) != 2 or shape[0] != 1:
            raise InvalidSymbol("its symbol does not give one number a class for one image")
        self.num_classes = shape[1]
        self._refuse_too_much({number: prod(shape) for number, shape in given.items()}, data)

    def check(self, values: Mapping[str, Tensor]) -> None:
        """Raises InvalidSymbol where the values are not those that the graph needs."""
        if missing := self.shapes.keys() - values.keys():
            raise InvalidSymbol(f"its weights lack {min(missing)[:40]!r}")
        if left := values.keys() - self.shapes.keys():
            raise InvalidSymbol(f"its weights have {min(left)[:40]!r}, which its symbol has not")
        for name, shape in self.shapes.items():
            if tuple(values[name].shape) != shape:
                found = tuple(values[name].shape)
                raise InvalidSymbol(f"{name[:40]!r} has the shape {found}, not {shape}")
        for node in self._symbol.nodes:
            if node.op == "BatchNorm":
                name = self.names[node.inputs[4]]
                if (values[name] < 0).any():
                    raise InvalidSymbol(f"{name[:40]!r} has a variance below 0")

    def steps(self, start: int, end: int, joined: bool = False) -> list[Step]:
        """Returns what to run, in order, for what `end` gives once `start` has given its value.

        With `joined` a convolution and what follows it are one step where they can be: no gradients then.
        """
        key = (start, end, joined)
        if key not in self._steps:
            steps = self._find_steps(start, end)
            self._steps[key] = self._join(steps) if joined else steps
        return self._steps[key]

    def _find_steps(self, start: int, end: int) -> list[Step]:
        needed, wanted = {end}, []
        for number in range(end, start, -1):
            if number in needed and number in self.operations:
                wanted.append(number)
                needed.update(self._symbol.nodes[number].inputs)
        computed = {start, *wanted}
        seen = {end}
        steps = []
        for number in wanted:
            inputs = self._symbol.nodes[number].inputs
            sources = computed.intersection(inputs)
            steps.append(Step(number, inputs, self.operations[number].run, tuple(sources - seen)))
            seen |= sources
        return steps[::-1]

    def _join(self, steps: list[Step]) -> list[Step]:
        joined: list[Step] = []
        for step in steps:
            before = joined[-1] if joined else None
            if before and before.node in step.last_use_of and step.inputs.count(before.node) == 1:
                run = self.operations[before.node].joined(self.operations[step.node])
                if run:
                    others = tuple(source for source in step.inputs if source != before.node)
                    freed = set(before.last_use_of + step.last_use_of) - {before.node}
                    joined[-1] = Step(step.node, before.inputs + others, run, tuple(freed))
                    continue
            joined.append(step)
        return joined

    def _infer(self, number: int, given: Mapping[int, Shape]) -> Shape:
        node = self._symbol.nodes[number]
        made = self.operations[number] = operation(node)
        shown = f"node {node.name[:40]!r} of its symbol"
        operands = [given[source] for source in node.inputs[: made.operands] if source in given]
        if len(operands) < made.operands:
            raise InvalidSymbol(f"{shown} lacks an input")
        try:
            parameters, output = made.parameters(*operands), made.shape(*operands)
        except (ValueError, IndexError):
            raise InvalidSymbol(f"{shown} does not fit its inputs") from None
        if len(parameters) != len(node.inputs) - made.operands:
            raise InvalidSymbol(f"{shown} has {len(node.inputs)} inputs")
        for place, shape in enumerate(parameters, made.operands):
            self._note_parameter(number, place, shape)
        return output

    def _note_parameter(self, number: int, place: int, shape: Shape) -> None:
        node = self._symbol.nodes[number]
        variable = self._symbol.nodes[node.inputs[place]]
        kind = "aux" if place in auxiliary_inputs(node) else "arg"
        name = f"{kind}:{variable.name}"
        taken = self.names.setdefault(node.inputs[place], name)
        if variable.op != "null" or variable.name == DATA or taken != name:
            raise InvalidSymbol(f"node {node.name[:40]!r} of its symbol has no weight of its own")
        if self.shapes.setdefault(name, shape) != shape:
            raise InvalidSymbol(f"two nodes of its symbol take {name[:40]!r} to have different shapes")

    def _last_layer(self) -> int:
        number = self.logits
        while (node := self._symbol.nodes[number]).op != "FullyConnected" or len(node.inputs) != 3:
            if not node.inputs:
                raise InvalidSymbol("its symbol has no FullyConnected layer with a bias at its end")
            number = node.inputs[0]
        return number

    def _refuse_too_much(self, sizes: Mapping[int, int], data: int) -> None:
        held = sizes[data]
        for step in self.steps(data, self.logits):
            held += sizes[step.node]
            if held > MAX_VALUES:
                raise InvalidSymbol(
                    f"its symbol asks for more than {MAX_VALUES} values at a time for one image"
                )
            held -= sum(sizes[source] for source in step.last_use_of)
