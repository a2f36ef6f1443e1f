"""The model artifact, what lies in /opt/ml/model: weights and two small JSON files that describe them.

`image-classification-NNNN.params` and `model-shapes.json` are AWS's own; `network.json` says which of our
networks the weights belong to.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.contract import MODEL_NAME, CustomerError
from training.efficientnet import EfficientNetLite0
from training.hyperparameters import SMALL_NETWORKS
from training.mxnet_parameters import Float32, InvalidParameters, read_parameters, write_parameters
from training.residual_network import LARGE_STAGES, ResidualNetwork

Network = EfficientNetLite0 | ResidualNetwork
Shape = tuple[int, int, int]

MAX_SIDE = 4096
EFFICIENTNET = "efficientnet-lite0"
RESIDUAL = {f"resnet-{layers}": layers for layers in (*LARGE_STAGES, *SMALL_NETWORKS)}


def describe(folder: Path, network_name: str, image_shape: Shape, mini_batch_size: int) -> None:
    """Writes the two JSON files."""
    shapes = [{"shape": [mini_batch_size, *image_shape], "name": "data"}]
    for name, content in (("model-shapes.json", shapes), ("network.json", {"network": network_name})):
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.replace(folder / name)


def store_weights(folder: Path, network: nn.Module, epoch: int) -> Path:
    """Writes the weights after `epoch` (from 0) and returns their file."""
    path = folder / f"{MODEL_NAME}-{epoch + 1:04d}.params"
    write_parameters(path, {name: value.detach().numpy() for name, value in _named_tensors(network).items()})
    return path


def load(folder: Path) -> tuple[Network, Shape]:
    """Returns the network, ready to predict, and its image shape; of several checkpoints the latest.

    Raises:
        CustomerError: the folder does not hold a model that this program wrote; one line.
    """
    try:
        image_shape = _image_shape(json.loads((folder / "model-shapes.json").read_text(encoding="utf-8")))
        name = json.loads((folder / "network.json").read_text(encoding="utf-8"))["network"]
        stored = sorted(folder.glob(f"{MODEL_NAME}-*.params"))
        if not stored:
            raise CustomerError(f"The model in {folder} lacks {MODEL_NAME}-NNNN.params.")
        weights = read_parameters(stored[-1])
        network = _build(name, image_shape, weights)
        _fill(network, weights)
    except FileNotFoundError as error:
        raise CustomerError(f"The model in {folder} lacks {Path(error.filename).name}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CustomerError(f"The model in {folder} cannot be used: {error}.") from None
    return network.eval(), image_shape


def _image_shape(shapes: object) -> Shape:
    match shapes:
        case [{"name": "data", "shape": [int(), 3, int(height), int(width)]}]:
            if 0 < min(height, width) <= max(height, width) <= MAX_SIDE:
                return 3, height, width
    raise InvalidParameters("model-shapes.json does not give the shape of RGB images")


def _build(name: str, image_shape: Shape, weights: dict[str, Float32]) -> Network:
    bias = weights["arg:_fc_bias" if name == EFFICIENTNET else "arg:fc1_bias"]
    if name == EFFICIENTNET:
        return EfficientNetLite0(bias.size)
    if name not in RESIDUAL:
        raise InvalidParameters(f"network.json names an unknown network, {name!r}")
    return ResidualNetwork(RESIDUAL[name], image_shape, bias.size)


def _fill(network: nn.Module, weights: dict[str, Float32]) -> None:
    mine = _named_tensors(network)
    if set(mine) != set(weights):
        raise InvalidParameters("its weights are those of another network")
    for name, tensor in mine.items():
        if tuple(tensor.shape) != weights[name].shape or not np.isfinite(weights[name]).all():
            raise InvalidParameters(f"{name} has another shape than the network's, or is not finite")
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(weights[name]))


def _named_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Returns every weight and statistic by the name that MXNet gives it."""
    named: dict[str, Tensor] = {}
    for path, module in network.named_modules():
        prefix = path.removeprefix("stages.").replace(".", "_")
        if isinstance(module, nn.BatchNorm2d):
            named[f"arg:{prefix}_gamma"] = module.weight
            named[f"arg:{prefix}_beta"] = module.bias
            named[f"aux:{prefix}_moving_mean"] = module.get_buffer("running_mean")
            named[f"aux:{prefix}_moving_var"] = module.get_buffer("running_var")
        elif isinstance(module, nn.Conv2d | nn.Linear):
            named[f"arg:{prefix}_weight"] = module.weight
            if module.bias is not None:
                named[f"arg:{prefix}_bias"] = module.bias
    return named
