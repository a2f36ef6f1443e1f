"""Runs a symbol graph as a PyTorch module: the one way in which networks are trained and served here."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.network.graph import ImageShape, InferredGraph
from training.network.operators import SIGMOID
from training.network.symbol import DATA, Symbol


class SymbolNetwork(nn.Module):
    """Takes float32 (n, 3, height, width) of raw 0-255 RGB and returns float32 (n, num_classes) logits.

    ``state_dict()`` has the names of a ``.params`` file: "arg:" and weights, "aux:" and statistics.
    """

    def __init__(self, symbol: Symbol, image_shape: ImageShape, values: Mapping[str, Tensor]) -> None:
        """Takes the weights and statistics, which must be those in ``InferredGraph.shapes``, as they are.

        Raises:
            InvalidSymbol: The graph cannot be run, or the values are not those that it needs.
        """
        super().__init__()
        self.symbol = symbol
        self.image_shape = image_shape
        self._graph = InferredGraph(symbol, image_shape)
        self._graph.check(values)
        self._trained_from = symbol.find(DATA)
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
        """Keeps the weights of all nodes up to ``end`` as they are; what is behind it is the tail."""
        self._trained_from = self.symbol.find(end)
        for number, name in self._graph.names.items():
            if number < self._trained_from and name.startswith("arg:"):
                self.get_parameter(name).requires_grad_(False)

    def calibrated_state_dict(self, temperature: float) -> dict[str, Tensor]:
        """Returns ``state_dict()`` with a last layer whose logits are divided by the temperature.

        So calibration travels with the artifact.
        """
        last_layer = {id(parameter) for parameter in self.last_layer}
        parameters = dict(self.named_parameters())
        return {
            name: value / temperature if id(parameters.get(name)) in last_layer else value
            for name, value in self.state_dict().items()
        }

    def run_between(self, start: str, end: str, x: Tensor) -> Tensor:
        """Returns the output of the node ``end`` when that of the node ``start`` is ``x``."""
        return self._run(self.symbol.find(start), self.symbol.find(end), x)

    def run_tail(self, x: Tensor) -> Tensor:
        """Returns the logits for the output of the last frozen node, or for pixels where none is frozen."""
        return self._run(self._trained_from, self._graph.logits, x)

    def compute_features(self, x: Tensor) -> Tensor:
        """Returns the input of the last layer, (n, features), for the input of the tail."""
        before = self.symbol.nodes[self._graph.last_layer].inputs[0]
        return self._run(self._trained_from, before, x).flatten(1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self._run(self.symbol.find(DATA), self._graph.logits, pixels)

    def predict(self, pixels: Tensor) -> Tensor:
        """Returns the probabilities (n, num_classes): softmax, or with multi_label each class's sigmoid."""
        logits = self.forward(pixels)
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, 1)

    def _run(self, start: int, end: int, x: Tensor) -> Tensor:
        if x.dim() == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        values = {start: x}
        # oneDNN fuses in single precision only.
        fused = x.dtype == torch.float32 and not torch.is_grad_enabled()
        for step in self._graph.plan(start, end, fused):
            inputs = [
                values[source] if source in values else self._get_value(source) for source in step.inputs
            ]
            values[step.node] = step.run(inputs, self.training)
            for source in step.last_use_of:
                del values[source]
        return values[end]

    def _get_value(self, number: int) -> Tensor:
        name = self._graph.names[number]
        return self.get_parameter(name) if name.startswith("arg:") else self.get_buffer(name)
