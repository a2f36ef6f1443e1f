"""Plans how a symbol graph is run from one node to another: which nodes in which order, and what is held."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.network.operators import Operation, Operator
from training.network.symbol import Symbol


@dataclass(frozen=True)
class Step:
    """Computes the value of a node.

    Attributes:
        node: The number of the node.
        inputs: The numbers of the nodes whose values it takes.
        run: The operator.
        last_use_of: Those of its inputs whose values no later step takes.
    """

    node: int
    inputs: tuple[int, ...]
    run: Operator
    last_use_of: tuple[int, ...]


def plan_steps(symbol: Symbol, operations: Mapping[int, Operation], start: int, end: int) -> list[Step]:
    """Returns what to run, in order, for the value of ``end`` once ``start`` has its value."""
    needed, wanted = {end}, []
    for number in range(end, start, -1):
        if number in needed and number in operations:
            wanted.append(number)
            needed.update(symbol.nodes[number].inputs)
    computed = {start, *wanted}
    taken_later = {end}
    steps = []
    for number in wanted:
        inputs = symbol.nodes[number].inputs
        sources = computed.intersection(inputs)
        steps.append(Step(number, inputs, operations[number].run, tuple(sources - taken_later)))
        taken_later |= sources
    return steps[::-1]


def fuse_steps(operations: Mapping[int, Operation], steps: list[Step]) -> list[Step]:
    """Makes one step of a convolution and what follows it, where that can be: it has no gradients then."""
    fused: list[Step] = []
    for step in steps:
        before = fused[-1] if fused else None
        if before and before.node in step.last_use_of and step.inputs.count(before.node) == 1:
            run = operations[before.node].fuse(operations[step.node])
            if run:
                others = tuple(source for source in step.inputs if source != before.node)
                last_use_of = set(before.last_use_of + step.last_use_of) - {before.node}
                fused[-1] = Step(step.node, before.inputs + others, run, tuple(last_use_of))
                continue
        fused.append(step)
    return fused


def find_peak(steps: list[Step], sizes: Mapping[int, int], start: int) -> int:
    """Returns the largest number of values that are held at a time, by the number of values of each node."""
    held = peak = sizes[start]
    for step in steps:
        held += sizes[step.node]
        peak = max(peak, held)
        held -= sum(sizes[source] for source in step.last_use_of)
    return peak
