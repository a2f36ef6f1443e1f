"""RecordIO: what dmlc-core writes is read back, and a damaged file is one line with record and offset."""

import struct
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.data.record_writer import MAGIC, image_record, record
from training.contract import CustomerError
from training.data.record_file import read_records
from training.hyperparameters import Hyperparameters

TWO_CLASSES = Hyperparameters(num_classes=2, num_training_samples=1)
THREE_LABELS = Hyperparameters(num_classes=3, num_training_samples=1, multi_label=1)

# Written by MXNet 1.9.1: mx.recordio.MXRecordIO(file, "w").write(mx.recordio.pack(header, payload)) with
# IRHeader(0, 1.0, 7, 0) and "abcd", the magic number, "ef"; and with IRHeader(0, [1, 0, 1], 8, 0) and "abc".
SPLIT_BY_MXNET = bytes.fromhex(
    "0a23d7ce1c000020000000000000803f07000000000000000000000000000000616263640a23d7ce0200006065660000"
)
LABELS_BY_MXNET = bytes.fromhex(
    "0a23d7ce270000000300000000000000080000000000000000000000000000000000803f000000000000803f61626300"
)

tmp_path_is_enough = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def read(tmp_path):
    """Returns a function that writes bytes as the channel's file and reads the images in it."""
    channel = tmp_path / "train"
    channel.mkdir()

    def call(content, hyperparameters=TWO_CLASSES):
        (channel / "data.rec").write_bytes(content)
        return read_records(channel / "data.rec", channel, hyperparameters)

    return call


def test_images_and_labels_come_back_in_the_order_of_the_file(read):
    images = read(image_record(1, b"first") + image_record(0, b"second!!") + image_record([1.0], b"third"))
    assert [(image.label, image.content()) for image in images] == [
        (1, b"first"),
        (0, b"second!!"),
        (1, b"third"),
    ]


def test_several_labels_are_a_0_or_1_for_each_class(read):
    (image,) = read(image_record([1, 0, 1], b"image"), THREE_LABELS)
    assert (image.label, image.content()) == ((1, 0, 1), b"image")


def test_what_mxnet_wrote_is_read(read):
    (image,) = read(SPLIT_BY_MXNET)
    assert (image.label, image.content()) == (1, b"abcd" + MAGIC + b"ef")
    (image,) = read(LABELS_BY_MXNET, THREE_LABELS)
    assert (image.label, image.content()) == ((1, 0, 1), b"abc")


@tmp_path_is_enough
@given(st.lists(st.tuples(st.integers(0, 1), st.lists(st.sampled_from([MAGIC, b"a", b"bcd", b"efgh"])))))
def test_records_that_were_split_at_the_magic_number_are_whole_again(read, examples):
    written = [(label, b"".join(pieces)) for label, pieces in examples]
    content = b"".join(image_record(label, image) for label, image in written)
    if written:
        assert [(image.label, image.content()) for image in read(content)] == written
    else:
        with pytest.raises(CustomerError, match=r"train channel\. data\.rec has no record"):
            read(content)


def test_a_magic_number_in_the_header_itself_is_no_fault(read):
    (image,) = read(image_record(1, b"image", identity=0xCED7230A))
    assert (image.label, image.content()) == (1, b"image")


def test_every_cut_of_a_file_is_noticed_and_the_record_named(read):
    first = image_record(1, b"abcd" + MAGIC + b"ef")
    content = first + image_record(0, b"image")
    for size in range(1, len(content)):
        if size == len(first):
            continue
        with pytest.raises(CustomerError) as caught:
            read(content[:size])
        number, offset = (0, 0) if size < len(first) else (1, len(first))
        assert str(caught.value).startswith(
            "Customer Error: Invalid RecordIO file in the train channel. "
            f"data.rec record {number} at byte {offset} "
        )
        assert str(caught.value).endswith(" is cut off.")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff\xd8\xff\xe0 a photo", "data.rec record 0 at byte 0 does not begin with RecordIO's magic"),
        (record(b"short"), "is too short for the header of an image"),
        (record(struct.pack("<IfQQ", 2**32 - 1, 0, 0, 0)), "is too short for its 4294967295 labels"),
        (image_record([0, 1], b"x"), "has 2 labels; with multi_label 0 it must have one"),
        (image_record(2, b"x"), "the label 2 is not an integer from 0 to 1, as num_classes 2 asks"),
        (image_record(float("nan"), b"x"), "the label nan is not an integer"),
        (MAGIC + struct.pack("<I", 2 << 29), "has a part with the flag 2 where 0 or 1 must be"),
        (
            MAGIC + struct.pack("<I", 1 << 29) + record(b"x"),
            "has a part with the flag 0 where 2 or 3 must be",
        ),
        (b"", "data.rec has no record"),
    ],
)
def test_a_wrong_file_is_one_line_that_says_where(read, content, fault):
    with pytest.raises(CustomerError) as caught:
        read(content)
    message = str(caught.value)
    assert message.startswith("Customer Error: Invalid RecordIO file in the train channel. data.rec")
    assert fault in message
    assert "\n" not in message


@pytest.mark.parametrize("label", [1.0, [1, 0], [1, 0, 1, 0]])
def test_another_number_of_labels_than_classes_is_the_recorded_error(read, label):
    count = len(label) if isinstance(label, list) else 1
    with pytest.raises(CustomerError) as caught:
        read(image_record(label, b"x"), THREE_LABELS)
    assert str(caught.value) == (
        f"Customer Error: Mismatch between number of labels in the multi-label data ({count}) and the "
        "num_classes parameter (3). See data.rec record 0 at byte 0."
    )


@tmp_path_is_enough
@given(st.binary(max_size=40), st.integers(0, 120))
def test_no_bytes_break_the_reading(read, damage, where):
    content = image_record(1, b"abcd" + MAGIC + b"ef") + image_record(0, b"image")
    content = content[:where] + damage + content[where + len(damage) :]
    try:
        for image in read(content):
            image.content()
    except CustomerError as error:
        assert len(str(error).splitlines()) == 1


def test_finding_the_records_takes_no_memory_for_their_images(read):
    content = image_record(1, bytes(1 << 22))
    tracemalloc.start()
    try:
        (image,) = read(content)
        _, most = tracemalloc.get_traced_memory()
        assert most < 1 << 20
    finally:
        tracemalloc.stop()
    assert len(image.content()) == 1 << 22
