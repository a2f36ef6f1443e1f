"""Writes and reads the model artifact: exactly the three files that AWS's container leaves in /opt/ml/model.

``image-classification-NNNN.params`` holds the weights after epoch NNNN (from 1), the symbol file the network,
``model-shapes.json`` the shape of its input.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from training.artifact.parameters import InvalidParameters, read_parameters, write_parameters
from training.contract import MODEL_NAME, CustomerError
from training.network.graph import Float32, ImageShape, InferredGraph, Network
from training.network.symbol import MAX_BYTES, InvalidSymbol, Symbol, from_json, to_json

SYMBOL = f"{MODEL_NAME}-symbol.json"
SHAPES = "model-shapes.json"
MAX_SIDE = 4096
MAX_SHAPES_BYTES = 10_000


def describe(folder: Path, symbol: Symbol, image_shape: ImageShape, mini_batch_size: int) -> None:
    """Writes the two JSON files."""
    shapes = json.dumps([{"shape": [mini_batch_size, *image_shape], "name": "data"}])
    for name, content in ((SHAPES, shapes), (SYMBOL, to_json(symbol))):
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(content, encoding="utf-8")
        unfinished.replace(folder / name)


def store_weights(folder: Path, values: Mapping[str, Float32], epoch: int) -> Path:
    """Writes a network's weights and statistics after ``epoch`` (from 0) and returns their file."""
    path = folder / f"{MODEL_NAME}-{epoch + 1:04d}.params"
    write_parameters(path, values)
    return path


def load(folder: Path) -> Network:
    """Returns the network; of several checkpoints the latest.

    Raises:
        CustomerError: The folder does not hold a model of this algorithm; one line.
    """
    try:
        image_shape = _parse_image_shape(_read(folder / SHAPES, MAX_SHAPES_BYTES))
        symbol = from_json(_read(folder / SYMBOL, MAX_BYTES))
        stored = sorted(folder.glob(f"{MODEL_NAME}-*.params"))
        if not stored:
            raise CustomerError(f"The model in {folder} lacks {MODEL_NAME}-NNNN.params.")
        network = Network(InferredGraph(symbol, image_shape), read_parameters(stored[-1]))
        network.graph.check(network.values)
    except FileNotFoundError as error:
        raise CustomerError(f"The model in {folder} lacks {Path(error.filename).name}.") from None
    except (InvalidParameters, InvalidSymbol) as error:
        raise CustomerError(f"The model in {folder} cannot be used: {error}.") from None
    return network


def _read(path: Path, limit: int) -> str:
    with path.open("rb") as file:
        content = file.read(limit + 1)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InvalidSymbol(f"{path.name} is not UTF-8 text") from None
    if len(content) > limit:
        raise InvalidSymbol(f"{path.name} has more than {limit} bytes")
    return text


def _parse_image_shape(text: str) -> ImageShape:
    try:
        shapes = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidSymbol(f"{SHAPES} is not JSON") from None
    match shapes:
        case [{"name": "data", "shape": [int(), 3, int(height), int(width)]}]:
            if 0 < min(height, width) <= max(height, width) <= MAX_SIDE:
                return 3, height, width
    raise InvalidSymbol(f"{SHAPES} does not give the shape of RGB images")
