"""Transfer learning on a CPU: the frozen front runs once over a few views of each image, the rest is tuned.

The new last layer starts as a logistic regression on the ImageNet features, so that the first gradients
through the pretrained layers are small ones.
"""

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from training.augmentation import augment
from training.efficientnet import EfficientNetLite0, pretrained
from training.examples import Examples
from training.fitting import SCORING_BATCH, Inputs
from training.hyperparameters import Hyperparameters
from training.objective import Objective, objective_for

VIEWS = 6
KEPT_BYTES = 1 << 30
PENALTY = 1e-3

log = logging.getLogger("training")


def start_from_imagenet(
    training: Examples, validation: Examples, chosen: Hyperparameters, random: torch.Generator
) -> tuple[EfficientNetLite0, Inputs, Inputs]:
    """Returns the network, its last layer fitted, and both channels as inputs of its trainable part."""
    network = pretrained(chosen.num_classes).eval()
    kind = chosen.augmentation_type

    @torch.no_grad()
    def view(indices: Tensor) -> Tensor:
        # Colours and shapes are changed after shrinking: the same picture for a quarter of the work.
        small = network.shrink(training.batch(indices, random if kind else None))
        return network.front(augment(small, kind, random))

    @torch.no_grad()
    def plain(indices: Tensor) -> Tensor:
        return network.front(network.shrink(validation.batch(indices)))

    taught = Inputs(training.labels, _kept(view, len(training), VIEWS if kind else 1, random))
    scored = Inputs(validation.labels, _kept(plain, len(validation), 1, random))
    fit_last_layer(network, taught, objective_for(chosen, training.labels))
    return network, taught, scored


def _kept(
    draw: Callable[[Tensor], Tensor], count: int, views: int, random: torch.Generator
) -> Callable[[Tensor], Tensor]:
    """Returns what gives one of the kept views of each example; too many to keep are drawn when asked for."""
    one = draw(torch.arange(1))
    if views * count * one.nbytes > KEPT_BYTES:
        return draw
    _, channels, height, width = one.shape
    kept = torch.empty(views, count, height, width, channels)
    for view in range(views):
        log.info("Features of the frozen layers: view %d of %d, %d images", view + 1, views, count)
        for indices in torch.arange(count).split(SCORING_BATCH):
            kept[view, indices] = draw(indices).permute(0, 2, 3, 1)

    def recall(indices: Tensor) -> Tensor:
        chosen = torch.randint(views, (len(indices),), generator=random)
        return kept[chosen, indices].permute(0, 3, 1, 2)

    return recall


def fit_last_layer(network: EfficientNetLite0, inputs: Inputs, objective: Objective) -> None:
    """Logistic regression on standardised features, with an L2 penalty."""
    every = torch.arange(len(inputs.labels))
    with torch.no_grad():
        features = torch.cat([network.features(inputs.batch(part)) for part in every.split(SCORING_BATCH)])
    centre, scale = features.mean(0), features.std(0, correction=0).clamp(min=1e-3)
    features = (features - centre) / scale
    weight = torch.zeros_like(network._fc.weight, requires_grad=True)
    bias = torch.zeros_like(network._fc.bias, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = objective.loss(features @ weight.T + bias, inputs.labels).mean()
        value = value + PENALTY * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    with torch.no_grad():
        network._fc.weight.copy_(weight / scale)
        network._fc.bias.copy_(bias - (weight / scale) @ centre)
