"""A PyTorch module that runs a symbol graph: the one way in which networks are trained and served here."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.network.graph import ImageShape, InferredGraph
from training.network.operators import SIGMOID
from training.network.symbol import DATA, Symbol


class SymbolNetwork(nn.Module):
    """float32 (n, 3, height, width) of raw 0-255 RGB in, float32 (n, num_classes) logits out.

    `state_dict()` has the names of a `.params` file: "arg:" and weights, "aux:" and statistics.
    """

    def __init__(self, symbol: Symbol, image_shape: ImageShape, values: Mapping[str, Tensor]) -> None:
        """Takes the weights and statistics as they are; `InferredGraph.shapes` tells which there must be.

        Raises:
            InvalidSymbol: a graph that cannot be run, or values of other names or shapes than the graph's.
        """
        super().__init__()
        self.symbol = symbol
        self.image_shape = image_shape
        self._graph = InferredGraph(symbol, image_shape)
        self._graph.check(values)
        self._trained_from = symbol.number(DATA)
        for name, value in values.items():
            # Convolutions on a CPU are fastest channels last.
            laid_out = value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value
            if name.startswith("arg:"):
                self.register_parameter(name, nn.Parameter(laid_out))
            else:
                self.register_buffer(name, laid_out)

    @property
    def num_classes(self) -> int:
        return self._graph.num_classes

    @property
    def multi_label(self) -> bool:
        """Whether the classes' probabilities are independent of each other."""
        return self.symbol.nodes[-1].op == SIGMOID

    @property
    def last_layer(self) -> tuple[nn.Parameter, nn.Parameter]:
        """The weight (num_classes, features) and bias (num_classes,) that give the logits."""
        _, weight, bias = self.symbol.nodes[self._graph.last_layer].inputs
        return self.get_parameter(self._graph.names[weight]), self.get_parameter(self._graph.names[bias])

    def freeze(self, end: str) -> None:
        """Keeps the weights of all nodes up to `end` as they are; what is behind it is the tail."""
        self._trained_from = self.symbol.number(end)
        for number, name in self._graph.names.items():
            if number < self._trained_from and name.startswith("arg:"):
                self.get_parameter(name).requires_grad_(False)

    def values(self, temperature: float) -> dict[str, Tensor]:
        """Returns `state_dict()`, the last layer such that the logits are divided by `temperature`."""
        cooled = {id(parameter) for parameter in self.last_layer}
        named = dict(self.named_parameters())
        return {
            name: value / temperature if id(named.get(name)) in cooled else value
            for name, value in self.state_dict().items()
        }

    def between(self, start: str, end: str, x: Tensor) -> Tensor:
        """Returns what the node `end` gives when the node `start` has given `x`."""
        return self._run(self.symbol.number(start), self.symbol.number(end), x)

    def features(self, x: Tensor) -> Tensor:
        """Returns what the last layer takes, (n, features), for what the tail takes."""
        before = self.symbol.nodes[self._graph.last_layer].inputs[0]
        return self._run(self._trained_from, before, x).flatten(1)

    def tail(self, x: Tensor) -> Tensor:
        """Returns the logits for what the last frozen node gives; where none is frozen, for pixels."""
        return self._run(self._trained_from, self._graph.logits, x)

    def forward(self, pixels: Tensor) -> Tensor:
        return self._run(self.symbol.number(DATA), self._graph.logits, pixels)

    def probabilities(self, pixels: Tensor) -> Tensor:
        """Returns (n, num_classes): softmax, or the sigmoid of each class with multi_label."""
        logits = self.forward(pixels)
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, 1)

    def _run(self, start: int, end: int, x: Tensor) -> Tensor:
        if x.dim() == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        values = {start: x}
        # oneDNN joins them in single precision only.
        joined = x.dtype == torch.float32 and not torch.is_grad_enabled()
        for step in self._graph.steps(start, end, joined):
            inputs = [values[source] if source in values else self._value(source) for source in step.inputs]
            values[step.node] = step.run(inputs, self.training)
            for source in step.last_use_of:
                del values[source]
        return values[end]

    def _value(self, number: int) -> Tensor:
        name = self._graph.names[number]
        return self.get_parameter(name) if name.startswith("arg:") else self.get_buffer(name)
