"""Reads the images of a channel, resizes and crops them, and makes batches of their pixels."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.contract import CustomerError
from training.data.images import Pixels, UnreadableImage, read_image, resize_shortest
from training.data.labels import LabelledImage
from training.hyperparameters import Hyperparameters

CACHE_BYTES = 1 << 30


class Examples:
    """A channel's images; each is read once at the beginning, and kept in memory if there is room.

    Attributes:
        labels: int64 (n,), or float32 (n, classes) with multi_label.
    """

    def __init__(
        self, images: Sequence[LabelledImage], channel: str, hyperparameters: Hyperparameters
    ) -> None:
        self._images = images
        self._channel = channel
        self._hyperparameters = hyperparameters
        self.labels = torch.tensor(
            [image.label for image in images],
            dtype=torch.float32 if hyperparameters.multi_label else torch.int64,
        )
        self._cached: list[Pixels] = []
        cached_bytes = 0
        with ThreadPoolExecutor(torch.get_num_threads()) as readers:
            for pixels in readers.map(self._read, images):
                cached_bytes += pixels.nbytes
                if cached_bytes <= CACHE_BYTES:
                    self._cached.append(pixels)

    def __len__(self) -> int:
        return len(self._images)

    def load_batch(self, indices: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Returns float32 (n, 3, height, width) of 0-255 RGB, cropped at random if there is a generator."""
        _, height, width = self._hyperparameters.image_shape
        crops = []
        for index in indices.tolist():
            pixels = self._cached[index] if index < len(self._cached) else self._read(self._images[index])
            if generator and pixels.shape[:2] == (height, width):
                # Nothing to choose from: mirrored borders make room, as is usual for CIFAR.
                borders = ((height // 8,) * 2, (width // 8,) * 2, (0, 0))
                pixels = np.pad(pixels, borders, mode="symmetric")
            spare = np.subtract(pixels.shape[:2], (height, width))
            where = torch.rand(2, generator=generator).numpy() if generator else np.array((0.5, 0.5))
            top, left = (where * (spare + (1 if generator else 0))).astype(int)
            crops.append(pixels[top : top + height, left : left + width])
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()

    def _read(self, image: LabelledImage) -> Pixels:
        _, height, width = self._hyperparameters.image_shape
        name = f"{image.name[:100]} in the {self._channel} channel"
        try:
            content = image.content if isinstance(image.content, Path) else image.content()
            pixels = resize_shortest(read_image(content), self._hyperparameters.resize)
        except UnreadableImage as error:
            raise CustomerError(f"Customer Error: Unable to read the image {name}: {error}.") from None
        if pixels.shape[0] < height or pixels.shape[1] < width:
            raise CustomerError(
                f"Customer Error: The image {name} is {pixels.shape[1]}x{pixels.shape[0]} pixels, "
                f"smaller than image_shape '3,{height},{width}'; set resize to at least {max(height, width)}."
            )
        return pixels
