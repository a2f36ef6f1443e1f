"""Loads the ``model`` channel of incremental training: an earlier job's model, to train on from."""

import re
import tempfile
from pathlib import Path

from training.artifact import files as artifact
from training.contract import MODEL_NAME, CustomerError
from training.hyperparameters import Hyperparameters
from training.network.graph import InferredGraph, Network
from training.network.symbol import Symbol
from training.tar_gz import InvalidArchive, unpack

ARTIFACT_FILE = re.compile(rf"{MODEL_NAME}-[0-9]{{4}}\.params|{MODEL_NAME}-symbol\.json|model-shapes\.json")


def load_model(channel: Path, hyperparameters: Hyperparameters) -> Network:
    """Returns the network of a channel that holds one model.tar.gz, or the files that belong in it.

    AWS asks that num_layers, image_shape and num_classes are those of the model; so is multi_label here.
    num_layers is compared for residual networks only: the pretrained one has no such number.

    Raises:
        CustomerError: There is no such model, or it is not the one that the hyperparameters describe.
    """
    archives = sorted(channel.rglob("*.tar.gz"))
    if len(archives) > 1:
        raise CustomerError(
            f"Customer Error: The model channel must have one model.tar.gz, and it has {len(archives)}."
        )
    with tempfile.TemporaryDirectory() as unpacked:
        folder = Path(unpacked) if archives else channel
        try:
            if archives:
                unpack(archives[0], folder, lambda name: ARTIFACT_FILE.fullmatch(name) is not None)
            network = artifact.load(folder)
        except InvalidArchive as error:
            raise CustomerError(
                f"Customer Error: Invalid {archives[0].name[:100]} in the model channel: {error}."
            ) from None
        except CustomerError as error:
            raise CustomerError(f"Customer Error: Invalid model in the model channel. {error}") from None
    _refuse_another(hyperparameters, network.graph)
    return network


def _refuse_another(hyperparameters: Hyperparameters, graph: InferredGraph) -> None:
    num_layers = _count_layers(graph.symbol) or hyperparameters.num_layers
    for name, wanted, found in (
        ("num_layers", hyperparameters.num_layers, num_layers),
        ("image_shape", *(",".join(map(str, each.image_shape)) for each in (hyperparameters, graph))),
        ("num_classes", hyperparameters.num_classes, graph.num_classes),
        ("multi_label", hyperparameters.multi_label, int(graph.multi_label)),
    ):
        if wanted != found:
            raise CustomerError(
                f"Customer Error: {name} is {wanted}, and the model in the model channel was trained with "
                f"{found}; set {name} to {found}, or leave out the model channel."
            )


def _count_layers(symbol: Symbol) -> int | None:
    """Counts the layers of a ResNet as its paper does, without shortcuts; None for another graph."""
    convolutions = [node.name for node in symbol.nodes if node.op == "Convolution"]
    if "stage1_unit1_conv1" not in convolutions:
        return None
    return 1 + sum(not name.endswith("_sc") for name in convolutions)
