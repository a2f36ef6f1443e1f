"""Mixes a batch's examples in pairs, so that less is learned by heart: mixup, Zhang et al., arXiv:1710.09412.

What is mixed is what the trained layers take, as in Verma et al., arXiv:1806.05236.
"""

import random

import torch
import torch.nn.functional as F
from torch import Tensor

ALPHA = 0.2  # both parameters of the beta distribution, as the paper has it for ImageNet


def mix(x: Tensor, labels: Tensor, classes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Returns the mixed batch, and as its labels each class's share, float32 (n, classes).

    All of a batch are mixed in the same proportion; of each example half or more is its own.
    """
    shares = F.one_hot(labels, classes).float() if labels.ndim == 1 else labels
    seed = int(torch.randint(1 << 62, (1,), generator=generator))
    drawn = random.Random(seed).betavariate(ALPHA, ALPHA)  # PyTorch's own takes no generator
    partners = torch.randperm(len(x), generator=generator)
    partner = min(drawn, 1 - drawn)
    return x.lerp(x[partners], partner), shares.lerp(shares[partners], partner)
