"""A photo is staged as serving shows it to the model, or refused with the reason."""

import base64
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import moto
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from data_staging.dataset import encode_png
from data_staging.photos import MAX_BYTES, UnreadablePhoto, read_photo
from tests.data_staging.own_pictures.photo_files import save, shapes
from tests.lambdas import hostile_photos
from tests.lambdas.samples import opened
from training.data.images import read_image

BUCKET = "photos"


def noise(width: int, height: int) -> Image.Image:
    """Returns a picture that no encoder makes small, the same at every call."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))


def detailed(width: int, height: int) -> Image.Image:
    """Returns a picture with detail of four pixels, as photos of leaves and gravel have."""
    return noise(width // 4, height // 4).resize((width, height), Image.Resampling.BICUBIC)


def lying() -> bytes:
    """EXIF of a photo whose camera lay on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return exif.tobytes()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """An S3 with one bucket, from which serialize reads."""
    with moto.mock_aws(), pytest.MonkeyPatch.context() as patched:
        # Its module makes a client when it is imported, which needs the credentials that are set by now.
        from lambdas import serialize

        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        patched.setattr(serialize, "s3", client)
        yield client


@pytest.mark.parametrize(
    ("image", "image_format", "options", "sent", "size"),
    [
        pytest.param(detailed(3000, 2250), "JPEG", {"quality": 92}, "JPEG", (296, 222), id="detailed photo"),
        pytest.param(noise(500, 400), "PNG", {}, "JPEG", (250, 200), id="noisy screenshot"),
        pytest.param(shapes("a", (2000, 1500)), "JPEG", {}, "JPEG", (591, 443), id="smooth photo"),
        pytest.param(Image.new("RGB", (2000, 1500), "red"), "WEBP", {}, "PNG", (591, 443), id="one colour"),
        pytest.param(noise(32, 32), "PNG", {}, "PNG", (32, 32), id="small picture"),
        pytest.param(shapes("b", (90, 60)), "HEIF", {}, "PNG", (90, 60), id="small photo of an iPhone"),
        pytest.param(
            detailed(900, 600), "JPEG", {"exif": lying()}, "JPEG", (209, 314), id="photo on its side"
        ),
    ],
)
def test_what_is_staged_is_what_serving_shows_the_model(
    image: Image.Image,
    image_format: str,
    options: dict[str, Any],
    sent: str,
    size: tuple[int, int],
    s3: Any,
    tmp_path: Path,
) -> None:
    file = save(image, tmp_path / "photo", image_format, **options)
    s3.put_object(Bucket=BUCKET, Key=file.name, Body=file.read_bytes())
    from lambdas.serialize import serialize

    fields = serialize({"s3_bucket": BUCKET, "s3_key": file.name})
    served = opened(base64.b64decode(fields["image_data"]))
    staged = opened(encode_png(read_photo(file)))
    assert (served.format, staged.format) == (sent, "PNG")
    assert staged.size == served.size == size
    assert staged.tobytes() == served.tobytes()


def test_a_picture_of_cifar_100_s_size_is_staged_pixel_for_pixel(tmp_path: Path) -> None:
    image = noise(32, 32)
    assert read_photo(save(image, tmp_path / "photo")).tobytes() == image.tobytes()


@pytest.mark.parametrize(
    ("image", "mean", "most"),
    [
        pytest.param(shapes("smooth", (591, 443)), 1, 10, id="smooth"),
        pytest.param(detailed(320, 240), 10, 80, id="detailed"),
    ],
)
def test_a_jpeg_costs_a_few_of_255_shades(image: Image.Image, mean: float, most: int, tmp_path: Path) -> None:
    """So far from its pixels is what serving sends as a JPEG of quality 90; training sees the same."""
    staged = read_photo(save(image, tmp_path / "photo.png"))
    assert staged.format == "JPEG"
    assert staged.size == image.size
    apart = np.abs(np.asarray(staged, np.int16) - np.asarray(image, np.int16))
    assert apart.mean() < mean
    assert apart.max() < most


@pytest.mark.parametrize("size", [(300, 200), (900, 600)], ids=["sent as PNG", "sent as JPEG"])
def test_no_metadata_is_staged(size: tuple[int, int], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    options = {"exif": exif, "comment": b"at home", "icc_profile": b"p" * 500}
    file = save(detailed(*size), tmp_path / "photo", "JPEG", **options)
    assert b"a camera" in file.read_bytes()
    content = encode_png(read_photo(file))
    kinds, position = [], 8
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        kinds.append(content[position + 4 : position + 8])
        position += length + 12
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"just text", "no image of a known format"),
        (encode_png(noise(9, 9))[:100], "a broken image"),
    ],
)
def test_what_serving_would_refuse_is_refused_with_its_reason(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(UnreadablePhoto, match=reason):
        read_photo(tmp_path / "photo.jpg")


def test_a_photo_too_long_and_thin_for_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="too long and thin"):
        read_photo(save(Image.new("RGB", (4_000, 20)), tmp_path / "photo"))


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "photo"
    with file.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    with pytest.raises(UnreadablePhoto, match="bytes long"):
        read_photo(file)


def test_a_file_that_may_not_be_read_is_no_broken_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(file))

    file = save(shapes("private"), tmp_path / "photo")
    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(UnreadablePhoto, match="not readable: Permission denied"):
        read_photo(file)


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    (tmp_path / "folder").symlink_to("/")
    for name in ("pipe", "nowhere", "folder"):
        with pytest.raises(UnreadablePhoto, match="no file"):
            read_photo(tmp_path / name)


@given(short=st.integers(1, 200), along=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_photo_a_hundred_times_as_long_as_wide_can_be_trained_with(
    short: int, along: bool, tmp_path: Path
) -> None:
    size = (100 * short, short) if along else (short, 100 * short)
    content = encode_png(read_photo(save(Image.new("L", size), tmp_path / "photo")))
    assert read_image(content).width > 0


@pytest.mark.parametrize("case", hostile_photos.DAMAGED + hostile_photos.BOMBS, ids=lambda case: case.name)
def test_what_serving_refuses_of_damaged_and_hostile_files_is_not_staged(
    case: hostile_photos.Case, tmp_path: Path
) -> None:
    (tmp_path / "photo").write_bytes(case.content())
    with pytest.raises(UnreadablePhoto):
        read_photo(tmp_path / "photo")
