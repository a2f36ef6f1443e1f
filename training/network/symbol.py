"""Builds MXNet's symbol graph node by node, and reads and writes ``image-classification-symbol.json``.

The layout is that of MXNet 1.3's JSON writer, in which the built-in stores its networks: the same graph gives
the same bytes.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DATA = "data"
MXNET_VERSION = 10300
# A ResNet-200 has 1,700 nodes in 400 kB.
MAX_NODES = 10_000
MAX_BYTES = 8 << 20


class InvalidSymbol(ValueError):
    """The graph cannot be run here; the text says why, in one line."""


@dataclass(frozen=True)
class Node:
    """One operator, or a variable (op "null"); ``inputs`` are the numbers of the nodes that it takes."""

    op: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()


class Symbol:
    """A graph whose nodes come after their inputs; the last node is its output."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.nodes = list(nodes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and self.nodes == other.nodes

    def add_variable(self, name: str, attributes: dict[str, str] | None = None) -> int:
        """Adds an input, a weight or a statistic, and returns its number."""
        return self._add(Node("null", name, attributes or {}))

    def add_operator(
        self, op: str, name: str, inputs: Sequence[int], attributes: dict[str, str] | None = None
    ) -> int:
        """Adds an operator over the given nodes, and returns its number."""
        return self._add(Node(op, name, attributes or {}, tuple(inputs)))

    def find(self, name: str) -> int:
        """Returns the number of the node of that name.

        Raises:
            InvalidSymbol: There is none.
        """
        for number, node in enumerate(self.nodes):
            if node.name == name:
                return number
        raise InvalidSymbol(f"its symbol has no node {name[:40]!r}")

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1


def find_auxiliary_inputs(node: Node) -> tuple[int, ...]:
    """Returns the places of those of a node's inputs that are statistics (MXNet's auxiliary states)."""
    return (3, 4) if node.op == "BatchNorm" else ()


def to_json(symbol: Symbol) -> str:
    """Returns the bytes that MXNet 1.3 writes for the graph."""
    blocks = [_format_node(node) for node in symbol.nodes]
    arguments = [number for number, node in enumerate(symbol.nodes) if node.op == "null"]
    pointers = [0]
    for node in symbol.nodes:
        pointers.append(pointers[-1] + _count_outputs(node))
    return (
        '{\n  "nodes": [\n' + ", \n".join(blocks) + "\n  ], \n"
        f'  "arg_nodes": {_format_column(arguments)}, \n'
        f'  "node_row_ptr": {_format_column(pointers)}, \n'
        f'  "heads": [[{len(symbol.nodes) - 1}, 0, 0]], \n'
        f'  "attrs": {{"mxnet_version": ["int", {MXNET_VERSION}]}}\n}}'
    )


def _count_outputs(node: Node) -> int:
    """Returns how many outputs MXNet counts: hidden ones too, as its build for Intel processors does."""
    if node.op == "BatchNorm":
        return 3
    return 2 if node.op == "Pooling" and node.attributes.get("pool_type", "max") == "max" else 1


def _format_node(node: Node) -> str:
    rows = [f'"op": {json.dumps(node.op)}', f'"name": {json.dumps(node.name)}']
    pairs = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(node.attributes.items())]
    if len(pairs) == 1:
        rows.append(f'"attrs": {{{pairs[0]}}}')
    elif pairs:
        rows.append('"attrs": {\n' + ", \n".join(f"        {pair}" for pair in pairs) + "\n      }")
    auxiliary = find_auxiliary_inputs(node)
    triples = [f"[{number}, 0, {int(place in auxiliary)}]" for place, number in enumerate(node.inputs)]
    rows.append(f'"inputs": [{", ".join(triples)}]')
    return "    {\n" + ", \n".join(f"      {row}" for row in rows) + "\n    }"


def _format_column(numbers: list[int]) -> str:
    return "[\n" + ", \n".join(f"    {number}" for number in numbers) + "\n  ]"


def from_json(text: str) -> Symbol:
    """Returns the graph of a symbol file of MXNet 1.x, whatever its operators.

    Raises:
        InvalidSymbol: It is not such a file, too large, or a node comes before one of its inputs.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidSymbol("its symbol is not JSON") from None
    match content:
        case {"nodes": [_, *_] as nodes, "heads": [[int() as head, 0, *_]]}:
            pass
        case _:
            raise InvalidSymbol("its symbol has no nodes, or not one output")
    if len(nodes) > MAX_NODES:
        raise InvalidSymbol(f"its symbol has {len(nodes)} nodes, at most {MAX_NODES} are read")
    if head != len(nodes) - 1:
        raise InvalidSymbol("the output of its symbol is not the last node")
    symbol = Symbol(_parse_node(number, fields) for number, fields in enumerate(nodes))
    names = [node.name for node in symbol.nodes]
    if len(set(names)) != len(names):
        raise InvalidSymbol("two nodes of its symbol have the same name")
    return symbol


def _parse_node(number: int, fields: object) -> Node:
    match fields:
        case {"op": str() as op, "name": str() as name, "inputs": list() as inputs}:
            attributes = fields.get("attrs", {})  # type: ignore[attr-defined]
        case _:
            raise InvalidSymbol(f"node {number} of its symbol lacks op, name or inputs")
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        raise InvalidSymbol(f"the attributes of node {number} of its symbol are not texts")
    if not name or "." in name:
        raise InvalidSymbol(f"the name of node {number} of its symbol is {name[:40]!r}")
    sources = []
    for given in inputs:
        match given:
            # None of the operators known here has a second output that another could take.
            case [int() as source, 0, *_] if 0 <= source < number:
                sources.append(source)
            case _:
                raise InvalidSymbol(f"node {number} of its symbol takes what does not come before it")
    return Node(op, name, attributes, tuple(sources))
