"""Plans transfer learning on a CPU: the frozen layers run once over a few views of each image.

The new last layer starts as a logistic regression on the ImageNet features, so that the first gradients
through the pretrained layers are small ones.
"""

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from training.data.augmentation import augment
from training.data.examples import Examples
from training.fitting.epochs import SCORING_BATCH, Batches, TrainingPlan, compute_in_batches
from training.fitting.objective import Objective, choose_objective
from training.hyperparameters import Hyperparameters
from training.network.efficientnet import SHRUNK, load_pretrained, name_block
from training.network.fixed_network import FixedNetwork
from training.network.symbol import DATA
from training.network.trained_network import TrainedNetwork

LAST_FROZEN = name_block(14)
VIEWS = 4
CACHE_BYTES = 1 << 30
PENALTY = 1e-3

log = logging.getLogger("training")


def plan_fine_tuning(
    training: Examples, validation: Examples, hyperparameters: Hyperparameters, generator: torch.Generator
) -> TrainingPlan:
    """Plans to fine-tune the layers behind the frozen ones; the last layer is fitted already."""
    multi_label = bool(hyperparameters.multi_label)
    pretrained = load_pretrained(hyperparameters.num_classes, hyperparameters.image_shape, multi_label)
    shrink = FixedNetwork(pretrained, DATA, SHRUNK)
    front = FixedNetwork(pretrained, SHRUNK, LAST_FROZEN)
    network = TrainedNetwork(pretrained)
    network.freeze(LAST_FROZEN)
    for node in network.graph.symbol.nodes:
        # The gradient of a 5x5 depthwise kernel takes PyTorch 40 times as long as the convolution itself.
        if node.op == "Convolution" and node.attributes["num_group"] != "1":
            network.get_parameter(f"arg:{node.name}_weight").requires_grad_(False)

    def view(examples: Examples, kind: str | None) -> Batches:
        def draw(indices: Tensor) -> Tensor:
            # Colours and shapes are changed after shrinking: the same picture for less work.
            pixels = examples.load_batch(indices, generator if kind else None)
            small = torch.from_numpy(shrink.compute_all(pixels.numpy()))
            return torch.from_numpy(front.compute_all(augment(small, kind, generator).numpy()))

        return Batches(examples.labels, cache_views(draw, len(examples), VIEWS if kind else 1, generator))

    trained_on, scored_on = view(training, hyperparameters.augmentation_type), view(validation, None)
    fit_last_layer(network, trained_on, choose_objective(hyperparameters, training.labels))
    return TrainingPlan(network, network.fix(), trained_on, scored_on, mixes=True)


def cache_views(
    draw: Callable[[Tensor], Tensor], count: int, views: int, generator: torch.Generator
) -> Callable[[Tensor], Tensor]:
    """Draws some views of each of ``count`` examples, and returns a function that recalls one of each.

    Where they would take more than ``CACHE_BYTES``, the function draws a new view each time.
    """
    one = draw(torch.arange(1))
    if views * count * one.nbytes > CACHE_BYTES:
        return draw
    cache = torch.empty(views, count, *one.shape[1:])
    for view in range(views):
        log.info("Features of the frozen layers: view %d of %d, %d images", view + 1, views, count)
        for indices in torch.arange(count).split(SCORING_BATCH):
            cache[view, indices] = draw(indices)

    def recall(indices: Tensor) -> Tensor:
        recalled = torch.randint(views, (len(indices),), generator=generator)
        return cache[recalled, indices]

    return recall


def fit_last_layer(network: TrainedNetwork, channel: Batches, objective: Objective) -> None:
    """Fits a logistic regression on standardised features, with an L2 penalty."""
    symbol = network.graph.symbol
    features_node = symbol.nodes[symbol.nodes[network.graph.last_layer].inputs[0]].name
    fixed = FixedNetwork(network.fix(), network.trained_from, features_node)
    features = torch.from_numpy(compute_in_batches(fixed, channel)).flatten(1)
    centre, scale = features.mean(0), features.std(0, correction=0).clamp(min=1e-3)
    features = (features - centre) / scale
    last_weight, last_bias = network.last_layer
    weight = torch.zeros_like(last_weight, requires_grad=True)
    bias = torch.zeros_like(last_bias, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def compute_loss() -> Tensor:
        solver.zero_grad()
        loss = objective.compute_loss(features @ weight.T + bias, channel.labels).mean()
        loss = loss + PENALTY * weight.square().sum()
        loss.backward()
        return loss

    solver.step(compute_loss)
    with torch.no_grad():
        last_weight.copy_(weight / scale)
        last_bias.copy_(bias - (weight / scale) @ centre)
