"""What the largest, the hostile and the damaged image files may cost: memory within bounds, and a name."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from lambdas.workflow.errors import ImageTooLarge, InvalidImage
from lambdas.workflow.photos import files, photo
from tests.lambdas import hostile_photos
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


@pytest.mark.parametrize("case", hostile_photos.BOMBS, ids=lambda case: case.name)
def test_a_bomb_is_refused_with_what_is_wrong_with_it(case: hostile_photos.Case) -> None:
    with pytest.raises((InvalidImage, ImageTooLarge)) as raised:
        photo.make_small_image(case.content(), MAX_BYTES)
    assert "MemoryError" not in str(raised.value)


def test_a_hundred_times_as_long_as_wide_is_the_most(tmp_path: Path) -> None:
    for size in ((30, 3_000), (3_000, 30), (1, 100)):
        result = opened(photo.make_small_image(saved(Image.new("L", size), "PNG"), MAX_BYTES))
        assert max(result.size) <= 100 * min(result.size)
    with pytest.raises(ImageTooLarge, match="30 x 3001 pixels: too long and thin"):
        photo.make_small_image(saved(Image.new("L", (30, 3_001)), "PNG"), MAX_BYTES)


def test_a_jpeg_of_as_many_scans_as_encoders_make_and_more_is_taken() -> None:
    content = hostile_photos.jpeg_of_scans(files.MAX_SCANS, (64, 48))
    assert opened(photo.make_small_image(content, MAX_BYTES)).size == (64, 48)


def test_a_jpeg_whose_channels_come_one_after_the_other_may_have_fewer_pixels() -> None:
    """Nothing of it can be shown before all of it is read, and so all its pixels are kept until then."""
    content = saved(Image.new("L", (8_000, 7_000), 99), "JPEG")
    frame = content.index(b"\xff\xc0")
    assert opened(photo.make_small_image(content, MAX_BYTES)).getpixel((1, 1)) == (99, 99, 99)
    # The frame says that there are three channels, the scan has one.
    three = content[:frame] + b"\xff\xc0\0\x11" + content[frame + 4 : frame + 9] + b"\3"
    three += b"\1\x11\0\2\x11\0\3\x11\0" + content[frame + 13 :]
    with pytest.raises(ImageTooLarge, match="at most 52 megapixels"):
        photo.make_small_image(three, MAX_BYTES)


def test_an_image_that_memory_does_not_suffice_for_is_said_to_be_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def exhaust(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(photo, "convert_to_srgb", exhaust)
    with pytest.raises(ImageTooLarge, match="takes too much memory"):
        photo.make_small_image(saved(gradient(9, 9), "PNG"), MAX_BYTES)


MEASURE = """
import pathlib, re, resource, sys
import lambdas.serialize
from lambdas.workflow.photos.photo import make_small_image
for path in sys.argv[1:]:
    try:
        make_small_image(pathlib.Path(path).read_bytes(), 98304)
    except lambdas.workflow.errors.WorkflowError as error:
        print(error)
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
        pytest.param("RGB", (8192, 6144), "AVIF", 900, id="50-megapixel AVIF"),
        pytest.param("RGB", (8192, 6144), "HEIF", 900, id="50-megapixel HEIC"),
    ],
)
def test_the_largest_photos_fit_into_the_functions_memory(
    mode: str, size: tuple[int, int], image_format: str, limit_mib: int, tmp_path: Path
) -> None:
    path = tmp_path / "photo"
    options = {"WEBP": {"method": 0}, "PNG": {"compress_level": 1}, "AVIF": {"speed": 10}}
    if image_format == "HEIF":
        # In tiles, as an iPhone writes it; to write it in one piece would take half a minute.
        path.write_bytes(hostile_photos.grid(hostile_photos.flat("HEIF", 512, 512), 12, 16, size, (512, 512)))
    else:
        Image.new(mode, size, 99).save(path, image_format, **options.get(image_format, {}))
    assert measure_peak(path) <= limit_mib


def test_bombs_take_next_to_no_memory(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(len(hostile_photos.BOMBS))]
    for file, case in zip(files, hostile_photos.BOMBS, strict=True):
        file.write_bytes(case.content())
    assert measure_peak(*files) <= 200


def measure_peak(*files: Path) -> int:
    """Returns the MiB that a process takes at most to make small images of the files, one after the other."""
    environment = {"PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1"}
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, files)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(measured.stdout.splitlines()[-1])


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
            b"II+\0\x08\0\0\0",
            b"\xff\xd8\xff\xda\0\x08\1\1\0\0\x3f\0",
            b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
            b"\0\0\0\x14ftypheic\0\0\0\0heic\0\0\0\x50meta\0\0\0\0\0\0\0\x20iprp\0\0\0\x18ipco",
            b"\0\0\0\x10ftypavis\0\0\0\0\0\0\0\x50moov\0\0\0\x48trak",
        ]
    ),
)
@example(content=b"", start=b"")
def test_any_bytes_give_an_image_or_a_named_error(content: bytes, start: bytes) -> None:
    named_error_or_image(start + content)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_image_gives_an_image_or_a_named_error(data: st.DataObject) -> None:
    image_format = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "HEIF", "AVIF"]))
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    options = {"exif": exif} if image_format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    content = bytearray(saved(gradient(24, 16), image_format, **options))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    named_error_or_image(bytes(content[: data.draw(st.integers(1, len(content)))]))


MARKERS = st.one_of(
    st.sampled_from(
        [b"\xff\xd0", b"\xff\xd8", b"\xff\xd9", b"\xff\xff", b"\xff\0", b"\xff\xda\0\2", b"\xff"]
    ),
    st.builds(
        lambda marker, body: bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body,
        st.integers(0xC0, 0xFE),
        st.binary(max_size=20),
    ),
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    markers=st.lists(MARKERS, max_size=6),
    place=st.floats(0, 1),
    progressive=st.booleans(),
)
def test_markers_in_the_midst_of_a_jpeg_give_an_image_or_a_named_error(
    markers: list[bytes], place: float, progressive: bool
) -> None:
    content = saved(gradient(24, 16), "JPEG", progressive=progressive)
    at = round(place * len(content))
    named_error_or_image(content[:at] + b"".join(markers) + content[at:])


def named_error_or_image(content: bytes) -> None:
    try:
        result = photo.make_small_image(content, MAX_BYTES)
    except (InvalidImage, ImageTooLarge) as error:
        assert str(error)
        assert "\n" not in str(error)
    else:
        assert Image.open(io.BytesIO(result)).mode == "RGB"
