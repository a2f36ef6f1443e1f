"""What the largest, the hostile and the damaged image files may cost: memory within bounds, and a name."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from lambdas.workflow import photo
from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from tests.lambdas.samples import gradient, opened, png_claiming, saved

ROOT = Path(__file__).parents[3]
MAX_BYTES = 98_304
EXIF_ORIENTATION = 0x0112


@pytest.mark.parametrize(
    ("width", "height"),
    [(8_000, 8_000), (100_000, 100_000), (photo.MAX_PIXELS + 1, 1), (2**31 - 1, 2**31 - 1)],
)
def test_a_decompression_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(ImageTooLarge):
        photo.make_small_image(png_claiming(width, height), MAX_BYTES)


@pytest.mark.parametrize("progressive", [True, False])
def test_only_a_jpeg_that_can_be_scaled_while_decoding_may_have_more_pixels(progressive: bool) -> None:
    content = saved(Image.new("L", (8_000, 7_000), 99), "JPEG", progressive=progressive)
    if progressive:
        with pytest.raises(ImageTooLarge, match="8000 x 7000 pixels: at most 52 megapixels"):
            photo.make_small_image(content, MAX_BYTES)
    else:
        assert opened(photo.make_small_image(content, MAX_BYTES)).getpixel((1, 1)) == (99, 99, 99)


MEASURE = """
import pathlib, re, resource, sys
import lambdas.serialize
from lambdas.workflow.photo import make_small_image
make_small_image(pathlib.Path(sys.argv[1]).read_bytes(), 98304)
status = pathlib.Path("/proc/self/status")
# On Linux ru_maxrss starts at what the parent had.
if status.exists():
    print(int(re.search("VmHWM:\\s+([0-9]+) kB", status.read_text())[1]) // 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20)
"""


@pytest.mark.parametrize(
    ("mode", "size", "image_format", "limit_mib"),
    [
        pytest.param("RGB", (8192, 6144), "JPEG", 200, id="50-megapixel JPEG"),
        pytest.param("L", (16_320, 12_240), "JPEG", 200, id="200-megapixel JPEG"),
        pytest.param("RGBA", (8192, 6144), "PNG", 900, id="50-megapixel PNG with alpha"),
        pytest.param("I;16", (8192, 6144), "PNG", 900, id="50-megapixel 16-bit PNG"),
        pytest.param("RGB", (8192, 6144), "WEBP", 900, id="50-megapixel WebP"),
    ],
)
def test_the_largest_photos_fit_into_the_functions_memory(
    mode: str, size: tuple[int, int], image_format: str, limit_mib: int, tmp_path: Path
) -> None:
    path = tmp_path / "photo"
    options = {"WEBP": {"method": 0}, "PNG": {"compress_level": 1}, "JPEG": {}}[image_format]
    Image.new(mode, size, 99).save(path, image_format, **options)
    environment = {"PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1"}
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(measured.stdout) <= limit_mib


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from(
        [
            b"",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"GIF89a",
            b"BM",
            b"RIFF\x10\0\0\0WEBP",
            b"II*\0",
            b"MM\0*",
        ]
    ),
)
@example(content=b"", start=b"")
def test_any_bytes_give_an_image_or_a_named_error(content: bytes, start: bytes) -> None:
    named_error_or_image(start + content)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_image_gives_an_image_or_a_named_error(data: st.DataObject) -> None:
    image_format = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "HEIF"]))
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    options = {"exif": exif} if image_format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    content = bytearray(saved(gradient(24, 16), image_format, **options))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    named_error_or_image(bytes(content[: data.draw(st.integers(1, len(content)))]))


def named_error_or_image(content: bytes) -> None:
    try:
        result = photo.make_small_image(content, MAX_BYTES)
    except (InvalidImage, ImageTooLarge) as error:
        assert str(error)
        assert "\n" not in str(error)
    else:
        assert Image.open(io.BytesIO(result)).mode == "RGB"
