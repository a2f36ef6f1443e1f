"""Runs a symbol graph as a PyTorch module, whose weights are trained."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.network import operators
from training.network.graph import Network
from training.network.symbol import DATA


class TrainedNetwork(nn.Module):
    """Takes float32 (n, 3, height, width) of raw 0-255 RGB and returns float32 (n, num_classes) logits.

    ``state_dict()`` has the names of a ``.params`` file: "arg:" and weights, "aux:" and statistics.

    Attributes:
        graph: The graph.
        trained_from: The name of the last frozen node, or that of the pixels.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.graph = network.graph
        self.trained_from = DATA
        for name, value in network.values.items():
            tensor = torch.from_numpy(value)
            # Convolutions on a CPU are fastest channels last.
            laid_out = tensor.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else tensor
            if name.startswith("arg:"):
                self.register_parameter(name, nn.Parameter(laid_out))
            else:
                self.register_buffer(name, laid_out)

    @property
    def last_layer(self) -> tuple[nn.Parameter, nn.Parameter]:
        """The weight (num_classes, features) and bias (num_classes,) that give the logits."""
        _, weight, bias = self.graph.symbol.nodes[self.graph.last_layer].inputs
        return self.get_parameter(self.graph.names[weight]), self.get_parameter(self.graph.names[bias])

    def freeze(self, end: str) -> None:
        """Keeps the weights of all nodes up to ``end`` as they are; ``forward`` begins behind it."""
        self.trained_from = end
        for number, name in self.graph.names.items():
            if number < self.graph.symbol.find(end) and name.startswith("arg:"):
                self.get_parameter(name).requires_grad_(False)

    def fix(self) -> Network:
        """Returns a network with copies of the weights and statistics."""
        return Network(self.graph, {name: value.clone().numpy() for name, value in self.state_dict().items()})

    def forward(self, x: Tensor) -> Tensor:
        """Returns the logits for the output of the last frozen node, or for pixels where none is frozen."""
        start = self.graph.symbol.find(self.trained_from)
        values = {start: x.contiguous(memory_format=torch.channels_last)}
        for step in self.graph.plan(start, self.graph.logits):
            inputs = [
                values[source] if source in values else self._get_value(source) for source in step.inputs
            ]
            values[step.node] = self._run(step.operation, *inputs)
            for source in step.last_use_of:
                del values[source]
        return values[self.graph.logits]

    def _get_value(self, number: int) -> Tensor:
        name = self.graph.names[number]
        return self.get_parameter(name) if name.startswith("arg:") else self.get_buffer(name)

    def _run(self, operation: operators.Operation, x: Tensor, *others: Tensor) -> Tensor:
        match operation:
            case operators.Convolution():
                return _convolve(operation, x, *others)
            case operators.BatchNorm():
                gamma, beta, mean, variance = others
                scale = None if operation.fixed_scale else gamma
                # MXNet's momentum is the share that stays, PyTorch's the share that is new.
                learns, momentum = self.training and not operation.frozen, 1 - operation.momentum
                return F.batch_norm(x, mean, variance, scale, beta, learns, momentum, operation.epsilon)
            case operators.FullyConnected():
                return F.linear(x.flatten(1), *others)
            case operators.Relu():
                return F.relu(x)
            case operators.Clip():
                return x.clamp(operation.low, operation.high)
            case operators.Pooling():
                return _pool(operation, x)
            case operators.Pad():
                sides = (operation.left, operation.right, operation.top, operation.bottom)
                return F.pad(x, sides, value=operation.value)
            case operators.Resize():
                return F.interpolate(x, size=operation.size, mode="bilinear", align_corners=True)
            case operators.Add():
                return x + others[0]
            case operators.Flatten():
                return x.flatten(1)
        return x


def _convolve(
    operation: operators.Convolution, x: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:
    stride, pad, dilate = operation.stride, operation.pad, operation.dilate
    if (operation.kernel, stride, pad, operation.groups) == ((1, 1), (1, 1), (0, 0), 1):
        # The same numbers; on a CPU a matrix product is faster, forward and backward.
        return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
    return F.conv2d(x, weight, bias, stride, pad, dilate, operation.groups)


def _pool(operation: operators.Pooling, x: Tensor) -> Tensor:
    if operation.everything:
        return x.mean((2, 3), keepdim=True) if operation.averages else x.amax((2, 3), keepdim=True)
    kernel, stride, pad = operation.kernel, operation.stride, operation.pad
    if operation.averages:
        return F.avg_pool2d(x, kernel, stride, pad, count_include_pad=operation.pad_counts)
    return F.max_pool2d(x, kernel, stride, pad)
