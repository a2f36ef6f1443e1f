"""Reading images: only whole PNG and JPEG within the limits, always RGB, the same in training and serving."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lambdas.workflow.photos import files as photo_files
from lambdas.workflow.photos import photo
from tests.lambdas import hostile_photos
from training.data import image_files
from training.data.image_files import MAX_SCANS
from training.data.images import (
    MAX_LENGTH_TO_WIDTH,
    UnreadableImage,
    read_image,
    resize_shortest,
    resize_whole,
)


def encoded(mode="RGB", size=(8, 6), kind="PNG"):
    file = io.BytesIO()
    Image.new(mode, size, 100).save(file, kind)
    return file.getvalue()


def png_that_claims(width, height, colour_type=2):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "PNG"), ("RGBA", "PNG"), ("L", "PNG"), ("P", "PNG"), ("RGB", "JPEG"), ("CMYK", "JPEG")],
)
def test_every_kind_of_picture_becomes_rgb(mode, kind):
    image = read_image(encoded(mode, kind=kind))
    assert (image.mode, image.size) == ("RGB", (8, 6))


def test_sixteen_bits_of_grey_are_scaled_to_eight():
    ramp = (np.arange(64, dtype=np.uint16) * 1040).reshape(8, 8)
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, "PNG")
    assert (np.asarray(read_image(file.getvalue()))[:, :, 0] == ramp // 256).all()


@pytest.mark.parametrize(
    "content",
    [b"", b"text", encoded()[:50], encoded(kind="JPEG")[:200], encoded(kind="GIF"), encoded(kind="BMP")],
)
def test_what_is_not_a_whole_png_or_jpeg_is_refused_in_one_line(content):
    with pytest.raises(UnreadableImage) as caught:
        read_image(content)
    assert "\n" not in str(caught.value)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    # Pillow's limit is one for the whole process, and other tests load code that sets its own.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(UnreadableImage, match="20000x20000 pixels"):
        read_image(png_that_claims(20_000, 20_000))


def test_a_palette_image_without_its_palette_is_refused():
    with pytest.raises(UnreadableImage, match="a palette that is not there"):
        read_image(png_that_claims(8, 8, colour_type=3))


@given(st.binary(max_size=80), st.integers(0, 60))
def test_damage_never_breaks_the_reading(damage, where):
    content = encoded()
    with contextlib.suppress(UnreadableImage):
        assert read_image(content[:where] + damage + content[where + len(damage) :]).mode == "RGB"


@pytest.mark.parametrize(
    "case",
    [case for case in hostile_photos.DAMAGED + hostile_photos.BOMBS if case.is_plain],
    ids=lambda case: case.name,
)
def test_what_the_workflow_refuses_of_damaged_and_hostile_files_is_refused_in_one_line(case):
    with pytest.raises(UnreadableImage) as caught:
        read_image(case.content())
    assert "\n" not in str(caught.value)


@given(st.integers(0, len(encoded()) - 1), st.integers(0, 7))
def test_a_png_of_which_one_bit_is_turned_is_refused_wherever_it_lies(position, bit):
    damaged = bytearray(encoded())
    damaged[position] ^= 1 << bit
    with pytest.raises(UnreadableImage):
        read_image(bytes(damaged))


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 3), (5, 4), (8, 8), (9, 17)])
def test_an_interlaced_png_is_whole_in_every_size(size):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8))
    assert read_image(hostile_photos.interlaced_png(image)).tobytes() == image.tobytes()


def test_a_jpeg_of_as_many_scans_as_encoders_make_and_more_is_read():
    assert read_image(hostile_photos.jpeg_of_scans(MAX_SCANS, (64, 48))).size == (64, 48)


def test_the_bounds_are_those_of_the_workflow():
    assert (image_files.MAX_CHUNKS, MAX_SCANS) == (photo_files.MAX_PARTS, photo_files.MAX_SCANS)
    assert image_files.MAX_SEGMENTS == photo_files.MAX_SEGMENTS
    assert MAX_LENGTH_TO_WIDTH == photo.MAX_LENGTH_TO_WIDTH


def test_the_whole_image_is_stretched_to_the_shape():
    assert resize_whole(Image.new("RGB", (10, 40)), 6, 4).shape == (6, 4, 3)


def test_the_shortest_side_is_resized_and_the_aspect_kept():
    assert resize_shortest(Image.new("RGB", (100, 50)), 20).shape == (20, 40, 3)
    assert resize_shortest(Image.new("RGB", (100, 50)), None).shape == (50, 100, 3)


def test_both_ways_of_resizing_agree_on_square_pictures():
    pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    assert (resize_whole(image, 224, 224) == resize_shortest(image, 224)).all()


def test_a_picture_too_thin_to_resize_is_refused():
    with pytest.raises(UnreadableImage, match="too long and thin"):
        resize_shortest(Image.new("RGB", (1, 10_000)), 224)
