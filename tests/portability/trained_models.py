"""The models whose answers are compared: each trained by the algorithm's own process on staged pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.model import job_folder
from benchmarks.model.job_folder import Picture, lay_out, read_split
from training.artifact import files as artifact
from training.data.images import read_image, resize_whole
from training.network.trained_network import TrainedNetwork
from training.serving.predictor import Predictor


@dataclass(frozen=True)
class Recipe:
    """How a model comes about, and how many test images it answers.

    The deepest networks are trained on few pictures, for their statistics and weights to be real ones: their
    accuracy is not what is proven.
    """

    name: str
    image_shape: str
    training_images: int
    test_images: int
    hyperparameters: Mapping[str, str]


RECIPES = (
    Recipe(
        "EfficientNet-Lite2, pretrained",
        "3,224,224",
        training_images=300,
        test_images=100,
        hyperparameters={
            "use_pretrained_model": "1",
            "num_layers": "50",
            "resize": "224",
            "augmentation_type": "crop",
            "optimizer": "adam",
            "learning_rate": "0.0005",
            "epochs": "2",
        },
    ),
    Recipe(
        "ResNet-20",
        "3,32,32",
        training_images=900,
        test_images=100,
        hyperparameters={"num_layers": "20", "augmentation_type": "crop", "epochs": "3"},
    ),
    Recipe(
        "ResNet-50",
        "3,224,224",
        training_images=64,
        test_images=32,
        hyperparameters={
            "num_layers": "50",
            "resize": "224",
            "mini_batch_size": "8",
            "learning_rate": "0.01",
            "epochs": "3",
        },
    ),
    Recipe(
        "ResNet-152",
        "3,32,32",
        training_images=64,
        test_images=100,
        hyperparameters={
            "num_layers": "152",
            "mini_batch_size": "8",
            "learning_rate": "0.001",
            "epochs": "3",
        },
    ),
)


@dataclass(frozen=True)
class TrainedModel:
    """A model's folder, and pictures as it takes them: float32 (n, 3, height, width) of 0-255 RGB.

    ``answers`` is the float64 reference for the test pictures.
    """

    folder: Path
    test_pictures: list[Picture]
    test_pixels: NDArray[np.float32]
    answers: NDArray[np.float64]
    training_pixels: NDArray[np.float32]
    training_labels: NDArray[np.float32]


def train(recipe: Recipe, dataset: Path, root: Path) -> TrainedModel:
    """Runs the training job under ``root``."""
    training, validation, test = (read_split(dataset, split) for split in ("train", "validation", "test"))
    training = evenly(training, recipe.training_images)
    test = evenly(test, recipe.test_images)
    hyperparameters = {**recipe.hyperparameters, "image_shape": recipe.image_shape}
    lay_out(root, {"train": training, "validation": validation}, hyperparameters)
    job_folder.train(root)
    shape = tuple(map(int, recipe.image_shape.split(",")))
    further = training[: 4 * int(recipe.hyperparameters.get("mini_batch_size", "32"))]
    test_pixels = pixels_of(test, shape)
    return TrainedModel(
        root / "model",
        test,
        test_pixels,
        reference(root / "model", test_pixels),
        pixels_of(further, shape),
        np.array([picture.label for picture in further], np.float32),
    )


def evenly(pictures: list[Picture], count: int) -> list[Picture]:
    """Returns at most ``count`` of the pictures, of every class alike."""
    classes = sorted({picture.label for picture in pictures})
    by_class = [[picture for picture in pictures if picture.label == label] for label in classes]
    return [picture for together in zip(*by_class, strict=False) for picture in together][:count]


def pixels_of(pictures: list[Picture], image_shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Returns the pictures as the server gives them to the network."""
    _, height, width = image_shape
    rows = [resize_whole(read_image(picture.path), height, width) for picture in pictures]
    return np.stack(rows).transpose(0, 3, 1, 2).astype(np.float32)


def reference(folder: Path, pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the probabilities of the artifact in double precision: what all others are held to."""
    network = TrainedNetwork(artifact.load(folder)).double().eval()
    with torch.inference_mode():
        logits = torch.cat([network(part.double()) for part in torch.from_numpy(pixels).split(16)])
    return (logits.sigmoid() if network.graph.multi_label else logits.softmax(1)).numpy()


def served(folder: Path, pictures: list[Picture]) -> NDArray[np.float64]:
    """Returns what the server answers to the pictures' files."""
    predictor = Predictor(artifact.load(folder))
    return np.array([predictor.predict(picture.path.read_bytes()) for picture in pictures])
