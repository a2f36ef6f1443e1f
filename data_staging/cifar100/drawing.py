"""Draws stand-ins for photos: small pictures of bicycles and motorcycles that differ as photos do."""

import math
import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SIDE = 32
SCALE = 4
CANVAS = SIDE * SCALE

Colour = tuple[int, int, int]
Point = tuple[float, float]


def draw_picture(class_name: str, chance: random.Random) -> npt.NDArray[np.uint8]:
    """Returns a picture of a bicycle or a motorcycle that a model tells apart, not without mistakes.

    Args:
        class_name: ``bicycle`` or ``motorcycle``.
        chance: Decides everything that the class leaves open.

    Returns:
        uint8, shape (32, 32, 3), RGB.
    """
    canvas = Image.new("RGB", (CANVAS, CANVAS), _draw_colour(chance, 90, 255))
    draw = ImageDraw.Draw(canvas)
    horizon = chance.uniform(0.5, 0.9) * CANVAS
    draw.rectangle((0, horizon, CANVAS, CANVAS), fill=_draw_colour(chance, 60, 190))
    vehicle = _Vehicle(draw, chance)
    if class_name == "bicycle":
        vehicle.draw_bicycle()
    else:
        vehicle.draw_motorcycle()
    # Something stands in front, so that some pictures are hard to tell.
    x, y = chance.uniform(0, CANVAS), chance.uniform(0, CANVAS)
    width, height = chance.uniform(2, 20), chance.uniform(5, 40)
    draw.rectangle((x - width, y - height, x + width, y + height), fill=_draw_colour(chance))
    canvas = canvas.rotate(chance.gauss(0, 6), Image.Resampling.BILINEAR, fillcolor=canvas.getpixel((0, 0)))
    if chance.random() < 0.5:
        canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    blurred = canvas.filter(ImageFilter.GaussianBlur(chance.uniform(0, 4)))
    pixels = np.asarray(blurred.resize((SIDE, SIDE), Image.Resampling.BOX), np.float64)
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, chance.uniform(2, 14), pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8)


def _draw_colour(chance: random.Random, low: int = 0, high: int = 255) -> Colour:
    return chance.randint(low, high), chance.randint(low, high), chance.randint(low, high)


class _Vehicle:
    """A two-wheeler on a canvas; points are in wheel-base units, the middle of the axles as the origin."""

    def __init__(self, draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
        self.draw = draw
        self.chance = chance
        self.base = chance.uniform(0.40, 0.58) * CANVAS
        self.squeeze = chance.uniform(0.65, 1.0)
        self.middle = (CANVAS * chance.uniform(0.44, 0.56), CANVAS * chance.uniform(0.58, 0.72))
        self.dark = _draw_colour(chance, 0, 70)
        self.paint = _draw_colour(chance)

    def draw_bicycle(self) -> None:
        """Draws thin wheels with spokes and a frame of tubes."""
        chance = self.chance
        radius, tube = chance.uniform(0.30, 0.40), chance.uniform(0.025, 0.06)
        self._draw_wheels(radius, chance.uniform(0.02, 0.07), spokes=chance.randint(2, 6))
        pedals, rear, front = (-0.08, 0.0), (-0.5, 0.0), (0.5, 0.0)
        saddle, head = (-0.2, chance.uniform(0.38, 0.5)), (0.34, chance.uniform(0.42, 0.52))
        for start, end in [(rear, pedals), (rear, saddle), (pedals, saddle), (pedals, head), (saddle, head)]:
            self._draw_line([start, end], tube, self.paint)
        self._draw_line([front, head, (head[0] - 0.1, head[1] + 0.15)], tube, self.dark)
        self._draw_line([(saddle[0] - 0.1, saddle[1]), (saddle[0] + 0.1, saddle[1])], 0.06, self.dark)

    def draw_motorcycle(self) -> None:
        """Draws thick wheels, an engine, a tank and a seat."""
        chance = self.chance
        slim = chance.uniform(0.45, 1.0)  # from moped to touring machine
        self._draw_wheels(chance.uniform(0.24, 0.34), chance.uniform(0.06, 0.14), spokes=chance.randint(0, 5))
        head = (0.3, chance.uniform(0.38, 0.5))
        self._draw_line([(-0.75, -0.06), (-0.5, 0.0), (-0.1, 0.05)], 0.06, self.dark)
        self._draw_polygon([(-0.22, -0.12), (0.2, -0.12), (0.26, 0.2), (-0.18, 0.24)], slim, self.dark)
        self._draw_polygon([(-0.12, 0.24), (0.08, 0.48), (0.32, 0.42), (0.05, 0.2)], slim, self.paint)
        self._draw_polygon([(-0.62, 0.36), (-0.1, 0.26), (-0.1, 0.36), (-0.6, 0.46)], 1, self.dark)
        self._draw_line([(0.5, 0.0), head, (head[0] - 0.1, head[1] + 0.14)], 0.06, self.dark)

    def _place(self, point: Point, height: float = 1) -> Point:
        """Returns where on the canvas a point of the vehicle is; x to the front, y up."""
        x, y = point
        return self.middle[0] + x * self.base * self.squeeze, self.middle[1] - y * height * self.base

    def _draw_line(self, points: list[Point], thickness: float, colour: Colour) -> None:
        width = max(1, round(thickness * self.base))
        self.draw.line([self._place(point) for point in points], colour, width, joint="curve")

    def _draw_polygon(self, points: list[Point], height: float, colour: Colour) -> None:
        self.draw.polygon([self._place(point, height) for point in points], fill=colour)

    def _draw_wheels(self, radius: float, tyre: float, spokes: int) -> None:
        for x in (-0.5, 0.5):
            for number in range(spokes):
                angle = math.pi * number / spokes
                dx, dy = radius * math.cos(angle), radius * math.sin(angle)
                self._draw_line([(x - dx, -dy), (x + dx, dy)], 0.01, self.paint)
            corners = (*self._place((x - radius, radius)), *self._place((x + radius, -radius)))
            self.draw.ellipse(corners, outline=self.dark, width=max(1, round(tyre * self.base)))
