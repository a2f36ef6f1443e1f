"""Transfer learning on a CPU: the frozen front runs once over a few views of each image, the rest is tuned.

The new last layer starts as a logistic regression on the ImageNet features, so that the first gradients
through the pretrained layers are small ones.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.efficientnet import EfficientNetLite0, pretrained
from training.examples import Examples
from training.fitting import SCORING_BATCH, Inputs
from training.hyperparameters import Hyperparameters

VIEWS = 6
KEPT_BYTES = 1 << 30
PENALTY = 1e-3


def start_from_imagenet(
    training: Examples, validation: Examples, chosen: Hyperparameters, random: torch.Generator
) -> tuple[EfficientNetLite0, Inputs, Inputs]:
    """Returns the network, its last layer fitted, and both channels as inputs of its trainable part."""
    network = pretrained(chosen.num_classes).eval()

    def view(indices: Tensor) -> Tensor:
        with torch.no_grad():
            return network.front(training.augmented_batch(indices, random))

    def plain(indices: Tensor) -> Tensor:
        with torch.no_grad():
            return network.front(validation.batch(indices))

    views = VIEWS if chosen.augmentation_type else 1
    bytes_an_image = view(torch.arange(1)).nbytes
    draw = view
    if len(training) * views * bytes_an_image <= KEPT_BYTES:
        kept = _all(view, len(training), views)

        def draw(indices: Tensor) -> Tensor:
            return kept[torch.randint(views, (len(indices),), generator=random), indices]

    inputs = Inputs(training.labels, draw)
    _fit_last_layer(network, inputs)
    scored = plain
    if len(validation) * bytes_an_image <= KEPT_BYTES:
        kept_plain = _all(plain, len(validation), 1)[0]

        def scored(indices: Tensor) -> Tensor:
            return kept_plain[indices]

    return network, inputs, Inputs(validation.labels, scored)


def _all(draw, count: int, views: int) -> Tensor:
    """(views, count, channels, height, width)."""
    return torch.stack(
        [torch.cat([draw(i) for i in torch.arange(count).split(SCORING_BATCH)]) for _ in range(views)]
    )


def _fit_last_layer(network: EfficientNetLite0, inputs: Inputs) -> None:
    """Multinomial logistic regression on standardised features, with an L2 penalty."""
    count = len(inputs.labels)
    with torch.no_grad():
        features = torch.cat(
            [network.features(inputs.batch(i)) for i in torch.arange(count).split(SCORING_BATCH)]
        )
    centre, scale = features.mean(0), features.std(0).clamp(min=1e-3)
    features = (features - centre) / scale
    weight = torch.zeros_like(network._fc.weight, requires_grad=True)
    bias = torch.zeros_like(network._fc.bias, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = F.cross_entropy(features @ weight.T + bias, inputs.labels) + PENALTY * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    with torch.no_grad():
        network._fc.weight.copy_(weight / scale)
        network._fc.bias.copy_(bias - (weight / scale) @ centre)
