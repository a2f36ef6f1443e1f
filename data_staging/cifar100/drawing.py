"""Draws stand-ins for photos: small pictures of vehicles that differ as photos do, for want of real ones."""

import math
import random
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SIDE = 32
SCALE = 4
CANVAS = SIDE * SCALE

Colour = tuple[int, int, int]
Point = tuple[float, float]


def picture(class_name: str, chance: random.Random) -> npt.NDArray[np.uint8]:
    """Returns a picture that is told by its class from others, not without mistakes.

    Bicycles and motorcycles look like what they are called; any other class is a heap of shapes whose colours
    and forms its name decides.

    Args:
        class_name: What to draw.
        chance: Decides everything that the class leaves open.

    Returns:
        uint8, shape (32, 32, 3), RGB.
    """
    canvas = _background(chance)
    draw = DRAWINGS.get(class_name)
    if draw is None:
        _Shapes(canvas, chance).heap(random.Random(class_name))
    else:
        draw(_Vehicle(canvas, chance))
    if chance.random() < 0.35:
        _Shapes(canvas, chance).something_in_front()
    canvas = canvas.rotate(chance.gauss(0, 6), Image.Resampling.BILINEAR, fillcolor=canvas.getpixel((0, 0)))
    if chance.random() < 0.5:
        canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    small = canvas.filter(ImageFilter.GaussianBlur(chance.uniform(0, 3))).resize(
        (SIDE, SIDE), Image.Resampling.BOX
    )
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, chance.uniform(2, 14), (SIDE, SIDE, 3))
    return (np.asarray(small, np.float64) + noise).clip(0, 255).astype(np.uint8)


def _colour(chance: random.Random, low: int = 0, high: int = 255) -> Colour:
    return chance.randint(low, high), chance.randint(low, high), chance.randint(low, high)


def _background(chance: random.Random) -> Image.Image:
    """A white studio, or ground and sky with things standing about."""
    if chance.random() < 0.35:
        grey = chance.randint(225, 255)
        return Image.new("RGB", (CANVAS, CANVAS), (grey, grey, grey))
    canvas = Image.new("RGB", (CANVAS, CANVAS), _colour(chance, 90, 240))
    draw = ImageDraw.Draw(canvas)
    for _ in range(chance.randint(0, 5)):
        left, top = chance.uniform(-20, CANVAS), chance.uniform(-20, CANVAS * 0.6)
        size = chance.uniform(10, 60)
        draw.rectangle((left, top, left + size, top + size * 2), fill=_colour(chance, 60, 230))
    horizon = chance.uniform(0.5, 0.9) * CANVAS
    draw.rectangle((0, horizon, CANVAS, CANVAS), fill=_colour(chance, 60, 190))
    return canvas


class _Vehicle:
    """A two-wheeler on a canvas; points are in wheel-base units, the middle of the axles as the origin."""

    def __init__(self, canvas: Image.Image, chance: random.Random) -> None:
        self.draw = ImageDraw.Draw(canvas)
        self.chance = chance
        self.base = chance.uniform(0.40, 0.58) * CANVAS
        self.squeeze = chance.uniform(0.65, 1.0)
        self.middle = (CANVAS * chance.uniform(0.44, 0.56), CANVAS * chance.uniform(0.58, 0.72))
        self.dark = _colour(chance, 0, 70)
        self.paint = _colour(chance)

    def at(self, x: float, y: float) -> Point:
        """Where on the canvas a point of the vehicle is; x to the front, y up."""
        return self.middle[0] + x * self.base * self.squeeze, self.middle[1] - y * self.base

    def line(self, points: list[Point], thickness: float, colour: Colour) -> None:
        self.draw.line(
            [self.at(*point) for point in points],
            fill=colour,
            width=max(1, round(thickness * self.base)),
            joint="curve",
        )

    def polygon(self, points: list[Point], colour: Colour) -> None:
        self.draw.polygon([self.at(*point) for point in points], fill=colour)

    def wheel(self, x: float, radius: float, tyre: float, colour: Colour) -> None:
        (left, top), (right, bottom) = self.at(x - radius, radius), self.at(x + radius, -radius)
        self.draw.ellipse((left, top, right, bottom), outline=colour, width=max(1, round(tyre * self.base)))

    def spokes(self, x: float, radius: float, count: int, colour: Colour) -> None:
        for number in range(count):
            angle = math.pi * number / count
            dx, dy = radius * math.cos(angle), radius * math.sin(angle)
            self.line([(x - dx, -dy), (x + dx, dy)], 0.01, colour)


def _bicycle(vehicle: _Vehicle) -> None:
    chance = vehicle.chance
    radius, tyre = chance.uniform(0.30, 0.40), chance.uniform(0.02, 0.07)
    tube = chance.uniform(0.025, 0.06)
    for x in (-0.5, 0.5):
        vehicle.spokes(x, radius, chance.randint(2, 6), _colour(chance, 120, 200))
        vehicle.wheel(x, radius, tyre, vehicle.dark)
    pedals, saddle, head = (-0.08, 0.0), (-0.2, chance.uniform(0.38, 0.5)), (0.34, chance.uniform(0.42, 0.52))
    low_frame = chance.random() < 0.3
    saddle_joint = (-0.14, 0.2) if low_frame else saddle
    for start, end in [((-0.5, 0.0), pedals), ((-0.5, 0.0), saddle_joint), (pedals, saddle), (pedals, head)]:
        vehicle.line([start, end], tube, vehicle.paint)
    vehicle.line([saddle_joint, head], tube, vehicle.paint)
    vehicle.line([head, (0.5, 0.0)], tube, vehicle.paint)
    vehicle.line(
        [(saddle[0] - 0.1, saddle[1] + 0.06), (saddle[0] + 0.09, saddle[1] + 0.06)], 0.06, vehicle.dark
    )
    bar = (head[0] + chance.uniform(-0.14, 0.1), head[1] + chance.uniform(0.08, 0.18))
    vehicle.line([head, (head[0], head[1] + 0.1), bar], tube, vehicle.dark)
    if chance.random() < 0.25:  # a basket or a bag
        vehicle.polygon([(0.4, 0.45), (0.66, 0.45), (0.62, 0.65), (0.42, 0.65)], _colour(chance, 60, 200))
    if chance.random() < 0.2:
        _rider(vehicle, (-0.15, 0.55))


def _motorcycle(vehicle: _Vehicle) -> None:
    chance = vehicle.chance
    radius, tyre = chance.uniform(0.24, 0.34), chance.uniform(0.06, 0.14)
    metal = _colour(chance, 90, 210)
    for x in (-0.5, 0.5):
        if chance.random() < 0.5:
            vehicle.spokes(x, radius, chance.randint(2, 5), metal)
        vehicle.wheel(x, radius, tyre, vehicle.dark)
    slim = chance.uniform(0.45, 1.0)  # from moped to touring machine
    vehicle.line([(-0.5, 0.0), (-0.1, 0.05 * slim)], 0.06, metal)
    vehicle.polygon(
        [(-0.22, -0.12 * slim), (0.2, -0.12 * slim), (0.26, 0.2 * slim), (-0.18, 0.24 * slim)], vehicle.dark
    )
    vehicle.line([(0.05, -0.02), (-0.2, -0.1), (-0.75, -0.06)], 0.06 * slim, metal)
    head = (0.3, chance.uniform(0.38, 0.5))
    vehicle.line([head, (0.5, 0.0)], 0.06, metal)
    vehicle.polygon(
        [(-0.12, 0.24), (0.08, 0.24 + 0.24 * slim), (0.32, 0.42), (0.28, 0.26), (0.05, 0.2)], vehicle.paint
    )
    vehicle.polygon([(-0.62, 0.36), (-0.1, 0.26), (-0.1, 0.36), (-0.6, 0.46)], vehicle.dark)
    vehicle.line([head, (head[0] - chance.uniform(0, 0.16), head[1] + 0.14)], 0.05, vehicle.dark)
    if chance.random() < 0.4:  # a fairing
        vehicle.polygon([(0.2, 0.1), (0.34, 0.58 * slim), (0.5, 0.44), (0.4, 0.12)], vehicle.paint)
    if chance.random() < 0.5:
        vehicle.line([(0.5 - radius, 0.3), (0.5, radius + 0.06), (0.5 + radius, 0.25)], 0.05, vehicle.paint)
    if chance.random() < 0.2:
        _rider(vehicle, (-0.2, 0.45))


def _rider(vehicle: _Vehicle, seat: Point) -> None:
    clothes, skin = _colour(vehicle.chance), _colour(vehicle.chance, 120, 230)
    shoulders = (seat[0] + 0.15, seat[1] + 0.4)
    vehicle.line([shoulders, seat, (seat[0] + 0.2, seat[1] - 0.3)], 0.12, clothes)
    vehicle.line([shoulders, (0.32, 0.55)], 0.07, clothes)
    (left, top), (right, bottom) = (
        vehicle.at(shoulders[0] - 0.07, shoulders[1] + 0.2),
        vehicle.at(shoulders[0] + 0.1, shoulders[1] + 0.02),
    )
    vehicle.draw.ellipse((left, top, right, bottom), fill=skin)


class _Shapes:
    """Ellipses and rectangles on a canvas."""

    def __init__(self, canvas: Image.Image, chance: random.Random) -> None:
        self.draw = ImageDraw.Draw(canvas)
        self.chance = chance

    def heap(self, nature: random.Random) -> None:
        """Draws the shapes that one class is made of, each a little out of place."""
        for _ in range(nature.randint(2, 4)):
            shape = nature.choice([self.draw.ellipse, self.draw.rectangle])
            x, y, width, height = (
                nature.uniform(*limits) for limits in ((30, 90), (30, 90), (16, 50), (16, 50))
            )
            colour = _colour(nature)
            x, y = x + self.chance.gauss(0, 8), y + self.chance.gauss(0, 8)
            size = self.chance.uniform(0.7, 1.3)
            shape((x - width * size, y - height * size, x + width * size, y + height * size), fill=colour)

    def something_in_front(self) -> None:
        """Hides a part of what was drawn."""
        x, y = self.chance.uniform(0, CANVAS), self.chance.uniform(0, CANVAS)
        width, height = self.chance.uniform(4, 24), self.chance.uniform(10, 60)
        self.draw.rectangle((x, y, x + width, y + height), fill=_colour(self.chance))


DRAWINGS: dict[str, Callable[[_Vehicle], None]] = {"bicycle": _bicycle, "motorcycle": _motorcycle}
