"""ICC profiles of known colours, and pictures in them."""

import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Each space's red, green and blue in XYZ, as ICC has it: seen in the light of D50.
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
PROPHOTO = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0314, 0.0001, 0.8249))
WHITE = (0.9642, 1.0, 0.8249)
Primaries = tuple[tuple[float, float, float], ...]


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def _gamma(value: float | None) -> bytes:
    """A curve: a power, or sRGB's own."""
    if value is None:
        return (
            b"para"
            + bytes(4)
            + struct.pack(">HH", 3, 0)
            + b"".join(map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
        )
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


def make(
    space: bytes, tags: dict[bytes, bytes], *, device: bytes = b"mntr", connection: bytes = b"XYZ "
) -> bytes:
    """Returns a profile of these tags."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"wtpt": _xyz(WHITE),
        **tags,
    }
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"lcms", 0x02400000, device, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + b"".join(map(_fixed, WHITE))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def rgb_profile(primaries: Primaries, gamma: float | None = None) -> bytes:
    """Returns a profile of a screen or camera."""
    colours = {name + b"XYZ": _xyz(xyz) for name, xyz in zip((b"r", b"g", b"b"), primaries, strict=True)}
    return make(b"RGB ", colours | {name + b"TRC": _gamma(gamma) for name in (b"r", b"g", b"b")})


def grey_profile(gamma: float) -> bytes:
    """Returns a profile of grey pictures."""
    return make(b"GRAY", {b"kTRC": _gamma(gamma)})


def cmyk_profile(inks: dict[tuple[int, int, int, int], tuple[float, float, float]]) -> bytes:
    """Returns a printer's profile by the Lab colours of full inks on one another; others are black."""
    identity = bytes(range(256))
    table = b""
    for corner in range(16):
        ink = tuple(corner >> shift & 1 for shift in (3, 2, 1, 0))
        lightness, a, b = inks.get(ink, (0.0, 0.0, 0.0))  # type: ignore[arg-type]
        table += bytes([round(lightness * 2.55), round(a) + 128, round(b) + 128])
    matrix = b"".join(_fixed(float(row == column)) for row in range(3) for column in range(3))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + identity * 4 + table + identity * 3
    return make(b"CMYK", {b"A2B0": lut}, device=b"prtr", connection=b"Lab ")


def _linearise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encode(values: NDArray[np.float64], gamma: float | None) -> NDArray[np.float64]:
    values = values.clip(0, 1)
    if gamma is not None:
        return values ** (1 / gamma)
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def in_space(image: Image.Image, primaries: Primaries, gamma: float | None = None) -> Image.Image:
    """Returns an sRGB picture in the numbers that mean the same colours in another space."""
    linear = _linearise(np.asarray(image.convert("RGB"), np.float64) / 255)
    matrix = np.linalg.inv(np.array(primaries).T) @ np.array(SRGB).T
    encoded = _encode(linear @ matrix.T, gamma)
    return Image.fromarray((encoded * 255).round().astype(np.uint8))


def in_grey(image: Image.Image, gamma: float) -> Image.Image:
    """Returns a grey picture in the numbers that mean the same greys with another power."""
    values = _encode(_linearise(np.arange(256) / 255), gamma)
    return image.convert("L").point((values * 255).round().astype(int).tolist())
