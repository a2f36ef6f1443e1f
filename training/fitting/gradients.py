"""Computes the gradients of a batch: its parts at the same time, each in a thread of its own.

Threads that share each layer's work would wait for each other behind every layer, which costs most of what
they save. Batch normalisation sees one part at a time. What is behind frozen layers is large, in few layers:
there they do share it.
"""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import torch
from torch import Tensor

from training.network.symbol import DATA
from training.network.trained_network import TrainedNetwork

SMALLEST_PART = 16  # batch normalisation learns too little from fewer images


class Gradients:
    """Computes the gradients of a network's weights from batches of a size, each of so many ``parts``."""

    def __init__(self, network: TrainedNetwork, batch_size: int) -> None:
        cores = torch.get_num_threads()
        self.parts = max(1, min(cores, batch_size // SMALLEST_PART)) if network.trained_from == DATA else 1
        self._weights = [weight for weight in network.parameters() if weight.requires_grad]
        shared = {id(weight): weight for weight in network.parameters()}
        self._networks = [network, *(copy.deepcopy(network, {**shared}) for _ in range(self.parts - 1))]
        self._pool = ThreadPoolExecutor(self.parts, "part", torch.set_num_threads, (cores // self.parts,))

    def compute(self, x: Tensor, labels: Tensor, compute_loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Sets each weight's ``grad`` to that of the mean loss, and returns the logits.

        Of batch normalisation's statistics those of the first part are kept.
        """

        def run(network: TrainedNetwork, x: Tensor, part_labels: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            logits = network(x)
            loss = compute_loss(logits, part_labels).sum() / len(labels)
            return logits.detach(), torch.autograd.grad(loss, self._weights, allow_unused=True)

        parts = self._pool.map(run, self._networks, *(each.tensor_split(self.parts) for each in (x, labels)))
        logits, found = zip(*parts, strict=True)
        for weight, *gradients in zip(self._weights, *found, strict=True):
            weight.grad = None if gradients[0] is None else reduce(torch.add, gradients)
        return torch.cat(logits)
