"""Training sees of a photo what serving shows the model of it."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import moto
import numpy as np
import pytest
from PIL import ExifTags, Image

from data_staging.photos import png, read_photo
from lambdas import serialize
from lambdas.workflow.photo import TARGET_PIXELS
from tests.data_staging.own_pictures.photo_files import save, shapes

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "photos"


def noise(size: tuple[int, int]) -> Image.Image:
    """Returns a picture that no encoder makes small, the same at every call."""
    width, height = size
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def detailed(size: tuple[int, int]) -> Image.Image:
    """Returns a picture with coarse shapes and fine grain, as photos have."""
    return Image.blend(shapes("detailed", size), noise(size), 0.3)


def write_photo(kind: str, folder: Path) -> Path:
    """Writes one of the photos of these tests."""
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    match kind:
        case "a detailed photo of a phone":
            return save(detailed((3000, 2250)), folder / "photo.jpg", "JPEG", quality=92)
        case "a noisy screenshot":
            return save(noise((500, 400)), folder / "photo.png")
        case "a smooth photo":
            return save(shapes("smooth", (2000, 1500)), folder / "photo.jpg", "JPEG", quality=92)
        case "a small picture":
            return save(shapes("small", (32, 32)), folder / "photo.png")
        case _:
            return save(detailed((900, 600)), folder / "photo.jpg", "JPEG", exif=turned.tobytes())


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    """An S3 with one bucket, from which serialize reads."""
    with moto.mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        monkeypatch.setattr(serialize, "s3", client)
        yield client


@pytest.mark.parametrize(
    ("kind", "sent_as"),
    [
        ("a detailed photo of a phone", "JPEG"),
        ("a noisy screenshot", "JPEG"),
        ("a smooth photo", "JPEG"),
        ("a small picture", "PNG"),
        ("a photo that lies on its side", "JPEG"),
    ],
)
def test_what_is_staged_is_what_is_served(kind: str, sent_as: str, s3: "S3Client", tmp_path: Path) -> None:
    file = write_photo(kind, tmp_path)
    s3.put_object(Bucket=BUCKET, Key=file.name, Body=file.read_bytes())
    fields = serialize.serialize({"s3_bucket": BUCKET, "s3_key": file.name})
    served = Image.open(io.BytesIO(base64.b64decode(fields["image_data"])))
    staged = Image.open(io.BytesIO(png(read_photo(file))))
    assert served.format == sent_as
    assert staged.format == "PNG"
    assert staged.size == served.size
    assert staged.tobytes() == served.convert("RGB").tobytes()


def test_what_a_jpeg_costs_is_a_few_of_255_shades_of_a_smooth_photo(tmp_path: Path) -> None:
    original = shapes("smooth", (2000, 1500))
    staged = read_photo(save(original, tmp_path / "photo.bmp", "BMP"))
    assert TARGET_PIXELS * 0.98 < staged.width * staged.height <= TARGET_PIXELS * 1.02
    scaled = original.resize(staged.size, Image.Resampling.LANCZOS)
    apart = np.abs(np.asarray(staged, np.int16) - np.asarray(scaled, np.int16))
    assert apart.mean() < 3
    assert apart.max() < 25
