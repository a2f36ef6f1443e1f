"""Transfer learning on a CPU: the frozen front runs once over a few views of each image, the rest is tuned.

The new last layer starts as a logistic regression on the ImageNet features, so that the first gradients
through the pretrained layers are small ones.
"""

import copy
import logging
from collections.abc import Callable

import torch
from torch import Tensor

from training.data.augmentation import augment
from training.data.examples import Examples
from training.fitting.epochs import SCORING_BATCH, Inputs, Start
from training.fitting.objective import Objective, objective_for
from training.hyperparameters import Hyperparameters
from training.network.efficientnet import SHRUNK, block_name, efficientnet_symbol, pretrained
from training.network.symbol import DATA
from training.network.symbol_network import SymbolNetwork

LAST_FROZEN = block_name(14)
VIEWS = 4
KEPT_BYTES = 1 << 30
PENALTY = 1e-3

log = logging.getLogger("training")


def start_from_imagenet(
    training: Examples, validation: Examples, chosen: Hyperparameters, random: torch.Generator
) -> Start:
    """Returns what is to be tuned, its last layer already fitted.

    What is stored sees each picture and its mirror image; to tune it on both at once would teach no more.
    """
    multi_label = bool(chosen.multi_label)
    network = pretrained(chosen.num_classes, chosen.image_shape, multi_label).eval()
    network.freeze(LAST_FROZEN)
    _freeze_depthwise(network)
    kind = chosen.augmentation_type

    @torch.no_grad()
    def view(indices: Tensor) -> Tensor:
        # Colours and shapes are changed after shrinking: the same picture for a quarter of the work.
        small = network.between(DATA, SHRUNK, training.batch(indices, random if kind else None))
        return network.between(SHRUNK, LAST_FROZEN, augment(small, kind, random))

    @torch.no_grad()
    def straight(indices: Tensor) -> Tensor:
        return network.between(DATA, LAST_FROZEN, validation.batch(indices))

    @torch.no_grad()
    def mirrored(indices: Tensor) -> Tensor:
        return network.between(DATA, LAST_FROZEN, validation.batch(indices).flip(3))

    taught = Inputs(training.labels, _kept(view, len(training), VIEWS if kind else 1, random))
    one_way = _kept(straight, len(validation), 1, random)
    other_way = _kept(mirrored, len(validation), 1, random)

    def both(indices: Tensor) -> Tensor:
        return torch.cat((one_way(indices), other_way(indices)))

    fit_last_layer(network, taught, objective_for(chosen, training.labels))
    symbol = efficientnet_symbol(chosen.num_classes, mirrored=True, multi_label=multi_label)
    stored = SymbolNetwork(symbol, chosen.image_shape, copy.deepcopy(network.state_dict()))
    stored.freeze(LAST_FROZEN)
    return Start(network, stored, taught, Inputs(validation.labels, both))


def _freeze_depthwise(network: SymbolNetwork) -> None:
    """The gradient of a 5x5 depthwise kernel takes PyTorch 40 times as long as the convolution itself."""
    for node in network.symbol.nodes:
        if node.op == "Convolution" and node.attributes["num_group"] != "1":
            network.get_parameter(f"arg:{node.name}_weight").requires_grad_(False)


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


def fit_last_layer(network: SymbolNetwork, inputs: Inputs, objective: Objective) -> None:
    """Logistic regression on standardised features, with an L2 penalty."""
    every = torch.arange(len(inputs.labels))
    with torch.no_grad():
        features = torch.cat([network.features(inputs.batch(part)) for part in every.split(SCORING_BATCH)])
    centre, scale = features.mean(0), features.std(0, correction=0).clamp(min=1e-3)
    features = (features - centre) / scale
    last_weight, last_bias = network.last_layer
    weight = torch.zeros_like(last_weight, requires_grad=True)
    bias = torch.zeros_like(last_bias, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = objective.loss(features @ weight.T + bias, inputs.labels).mean()
        value = value + PENALTY * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    with torch.no_grad():
        last_weight.copy_(weight / scale)
        last_bias.copy_(bias - (weight / scale) @ centre)
