"""Augments a batch of images in the documented ways.

Source: AWS's hyperparameter page and the open MXNet example it derives from: ``crop`` mirrors (and crops at
random), ``crop_color`` also shifts hue by up to 36 of 180, lightness and saturation by up to 50 of 255,
``crop_color_transform`` also rotates by up to 10 degrees, shears by up to 0.1 and stretches by up to 0.25.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

HUE, LIGHTNESS, SATURATION = 36 * 2.0, 50 / 255, 50 / 255
ROTATION, SHEAR, ASPECT = math.radians(10), 0.1, 0.25


def augment(pixels: Tensor, kind: str | None, generator: torch.Generator) -> Tensor:
    """Takes and returns float32 (n, 3, height, width) of 0-255 RGB; every image gets its own draw."""
    if kind is None:
        return pixels
    mirrored = torch.rand(len(pixels), 1, 1, 1, generator=generator) < 0.5
    pixels = torch.where(mirrored, pixels.flip(3), pixels)
    if kind in ("crop_color", "crop_color_transform"):
        pixels = _shift_colours(pixels, generator)
    if kind == "crop_color_transform":
        pixels = _transform(pixels, generator)
    return pixels


def _draw_uniform(count: int, limit: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, 1, 1, generator=generator) * 2 - 1) * limit


def _shift_colours(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Shifts hue (degrees), lightness and saturation (0 to 1), each clamped to its range."""
    red, green, blue = (pixels / 255).unbind(1)
    highest, lowest = (pixels / 255).amax(1), (pixels / 255).amin(1)
    spread = highest - lowest
    lightness = (highest + lowest) / 2
    saturation = spread / (1 - (2 * lightness - 1).abs()).clamp(min=1e-6)
    by_red, by_green = (green - blue), (blue - red)
    hue = torch.where(
        highest == red,
        by_red,
        torch.where(highest == green, by_green + 2 * spread, red - green + 4 * spread),
    )
    hue = (hue / spread.clamp(min=1e-6) * 60) % 360
    count = len(pixels)
    hue = (hue + _draw_uniform(count, HUE, generator)).clamp(0, 360)
    lightness = (lightness + _draw_uniform(count, LIGHTNESS, generator)).clamp(0, 1)
    saturation = (saturation + _draw_uniform(count, SATURATION, generator)).clamp(0, 1)
    strength = saturation * torch.minimum(lightness, 1 - lightness)
    channels = []
    for offset in (0, 8, 4):
        position = (offset + hue / 30) % 12
        channels.append(lightness - strength * torch.minimum(position - 3, 9 - position).clamp(-1, 1))
    return torch.stack(channels, 1) * 255


def _transform(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Rotates, shears and stretches about the centre; beyond the border the image is mirrored."""
    count = len(pixels)
    angle = _draw_uniform(count, ROTATION, generator).flatten()
    shear = _draw_uniform(count, SHEAR, generator).flatten()
    stretch = (1 + _draw_uniform(count, ASPECT, generator).flatten()).sqrt()
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = cos * stretch
    matrix[:, 0, 1] = (shear * cos - sin) * stretch
    matrix[:, 1, 0] = sin / stretch
    matrix[:, 1, 1] = (shear * sin + cos) / stretch
    grid = F.affine_grid(matrix, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
