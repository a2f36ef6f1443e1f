"""The images of one channel as batches of pixels: read, resized, cropped, and kept in memory if they fit."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from training.contract import CustomerError
from training.data.images import Pixels, UnreadableImage, read_image, resize_shortest
from training.data.labels import LabelledImage
from training.hyperparameters import Hyperparameters

KEPT_BYTES = 1 << 30


class Examples:
    """A channel's images, every one of them read once to see that it can be."""

    def __init__(self, images: Sequence[LabelledImage], channel: str, chosen: Hyperparameters) -> None:
        self._images = images
        self._channel = channel
        self._chosen = chosen
        # int64 (n,), or float32 (n, classes) with multi_label
        self.labels = torch.tensor(
            [image.label for image in images], dtype=torch.float32 if chosen.multi_label else torch.int64
        )
        self._kept: list[Pixels] = []
        kept = 0
        with ThreadPoolExecutor(torch.get_num_threads()) as readers:
            for pixels in readers.map(self._read, images):
                kept += pixels.nbytes
                if kept <= KEPT_BYTES:
                    self._kept.append(pixels)

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, indices: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Returns float32 (n, 3, height, width) of 0-255 RGB, cropped at the centre, or at random."""
        _, height, width = self._chosen.image_shape
        crops = []
        for index in indices.tolist():
            pixels = self._kept[index] if index < len(self._kept) else self._read(self._images[index])
            if random and pixels.shape[:2] == (height, width):
                # Nothing to choose from: mirrored borders make room, as is usual for CIFAR.
                borders = ((height // 8,) * 2, (width // 8,) * 2, (0, 0))
                pixels = np.pad(pixels, borders, mode="symmetric")
            spare = np.subtract(pixels.shape[:2], (height, width))
            where = torch.rand(2, generator=random).numpy() if random else np.array((0.5, 0.5))
            top, left = (where * (spare + (1 if random else 0))).astype(int)
            crops.append(pixels[top : top + height, left : left + width])
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()

    def _read(self, image: LabelledImage) -> Pixels:
        _, height, width = self._chosen.image_shape
        name = f"{image.name} in the {self._channel} channel"
        try:
            pixels = resize_shortest(read_image(image.content()), self._chosen.resize)
        except UnreadableImage as error:
            raise CustomerError(f"Customer Error: Unable to read the image {name}: {error}.") from None
        if pixels.shape[0] < height or pixels.shape[1] < width:
            raise CustomerError(
                f"Customer Error: The image {name} is {pixels.shape[1]}x{pixels.shape[0]} pixels, "
                f"smaller than image_shape '3,{height},{width}'; set resize to at least {max(height, width)}."
            )
        return pixels
