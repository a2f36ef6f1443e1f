"""The built-in's own network: the pre-activation ResNet of the open MXNet example it derives from.

Source: He et al., arXiv:1603.05027; layout and names of mxnet/example/image-classification/symbols/resnet.py.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Blocks in each of the four stages, by number of layers.
LARGE_STAGES = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


def _norm(channels: int) -> nn.BatchNorm2d:
    # MXNet's momentum 0.9 is PyTorch's 0.1.
    return nn.BatchNorm2d(channels, eps=2e-5, momentum=0.1)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Unit(nn.Module):
    """One residual unit; the shortcut convolution takes what the first activation gives, not the input."""

    def __init__(self, inputs: int, outputs: int, stride: int, bottleneck: bool, first: bool) -> None:
        super().__init__()
        self.bn1 = _norm(inputs)
        if bottleneck:
            narrow = outputs // 4
            self.conv1, self.bn2 = _convolution(inputs, narrow, 1), _norm(narrow)
            self.conv2, self.bn3 = _convolution(narrow, narrow, 3, stride), _norm(narrow)
            self.conv3 = _convolution(narrow, outputs, 1)
        else:
            self.conv1, self.bn2 = _convolution(inputs, outputs, 3, stride), _norm(outputs)
            self.conv2 = _convolution(outputs, outputs, 3)
        self.sc = _convolution(inputs, outputs, 1, stride) if first else None
        self._bottleneck = bottleneck

    def forward(self, inputs: Tensor) -> Tensor:
        activated = F.relu(self.bn1(inputs))
        x = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        if self._bottleneck:
            x = self.conv3(F.relu(self.bn3(x)))
        return x + (inputs if self.sc is None else self.sc(activated))


class ResidualNetwork(nn.Module):
    """float32 (n, 3, height, width) of raw 0-255 RGB in, (n, num_classes) logits out.

    Images up to 28 pixels high take the three-stage family (6n + 2 layers) made for CIFAR, higher ones the
    four-stage family; up to 32 pixels the first convolution is 3x3 without pooling. The first batch
    normalisation learns the scale of the pixels.
    """

    def __init__(self, num_layers: int, image_shape: tuple[int, int, int], num_classes: int) -> None:
        super().__init__()
        channels, height, _ = image_shape
        bottleneck = num_layers >= 50 and num_layers in LARGE_STAGES
        units: tuple[int, ...]
        widths: tuple[int, ...]
        if num_layers in LARGE_STAGES:
            units = LARGE_STAGES[num_layers]
            widths = (64, 256, 512, 1024, 2048) if bottleneck else (64, 64, 128, 256, 512)
        else:
            units = ((num_layers - 2) // 6,) * 3
            widths = (16, 16, 32, 64)
        self.bn_data = _norm(channels)
        self.bn_data.weight.requires_grad_(False)  # fix_gamma in the MXNet graph: it stays 1
        self.bn0: nn.Module | None = None
        if height <= 32:
            self.conv0 = _convolution(channels, widths[0], 3)
        else:
            self.conv0 = _convolution(channels, widths[0], 7, 2)
            self.bn0 = _norm(widths[0])
        self.stages = nn.ModuleDict()
        inputs = widths[0]
        for stage, (count, outputs) in enumerate(zip(units, widths[1:], strict=True), 1):
            for unit in range(1, count + 1):
                stride = 2 if unit == 1 and stage > 1 else 1
                self.stages[f"stage{stage}_unit{unit}"] = Unit(inputs, outputs, stride, bottleneck, unit == 1)
                inputs = outputs
        self.bn1 = _norm(inputs)
        self.fc1 = nn.Linear(inputs, num_classes)

    def tail(self, pixels: Tensor) -> Tensor:
        """The part that is trained: all of it."""
        x = self.conv0(self.bn_data(pixels))
        if self.bn0 is not None:
            x = F.max_pool2d(F.relu(self.bn0(x)), 3, 2, 1)
        for unit in self.stages.values():
            x = unit(x)
        return self.fc1(F.relu(self.bn1(x)).mean((2, 3)))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.tail(pixels)


def randomly_initialised(
    num_layers: int, image_shape: tuple[int, int, int], num_classes: int
) -> ResidualNetwork:
    """Returns a new network, its weights drawn as the open example draws them (fan in, magnitude 2)."""
    network = ResidualNetwork(num_layers, image_shape, num_classes)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    torch.nn.init.zeros_(network.fc1.bias)
    return network
