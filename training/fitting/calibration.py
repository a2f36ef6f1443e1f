"""Makes confidence mean what it says: one temperature for all logits, fitted on the validation channel.

Source: Guo et al., arXiv:1706.04599. The stored weights of the last layer are divided by it, so that the
calibrated probabilities travel with the artifact. Few images say little about it: a log-normal prior around
1, worth about as much as some twenty images, keeps it from running away.
"""

import torch
from torch import Tensor

from training.fitting.objective import Objective

# Of log temperature.
PRIOR_DEVIATION = 0.5
TEMPERATURES = torch.logspace(-1, 1, 201)


def temperature(logits: Tensor, labels: Tensor, objective: Objective) -> float:
    """Returns the temperature, from 0.1 to 10, under which the labels are most probable.

    Args:
        logits: float32 (n, classes) of images that were not trained on.
        labels: of the same images, as the objective takes them.
    """
    losses = torch.stack([objective.loss(logits / candidate, labels).sum() for candidate in TEMPERATURES])
    penalties = (TEMPERATURES.log() / PRIOR_DEVIATION).square() / 2
    return float(TEMPERATURES[(losses + penalties).argmin()])
