"""``.lst`` files: what AWS documents is read, everything else is the recorded customer error in one line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.contract import CustomerError
from training.data.list_file import read_list
from training.hyperparameters import Hyperparameters

TWO_CLASSES = Hyperparameters(num_classes=2, num_training_samples=1)
THREE_LABELS = Hyperparameters(num_classes=3, num_training_samples=1, multi_label=1)


@pytest.fixture
def channel(tmp_path):
    """Returns a function that writes a list and reads it, in a channel with two files."""
    images, lists = tmp_path / "train", tmp_path / "train_lst"
    (images / "bicycle").mkdir(parents=True)
    (images / "bicycle" / "a.png").touch()
    (images / "b.png").touch()
    (tmp_path / "outside.png").touch()
    lists.mkdir()

    def read(content, hyperparameters=TWO_CLASSES):
        (lists / "train.lst").write_bytes(content)
        return read_list(lists / "train.lst", images, hyperparameters)

    return read


def test_lines_in_any_order_give_paths_and_labels(channel):
    images = channel(b"7\t1\tbicycle/a.png\n0\t0.000000\tb.png\n")
    assert [(image.name, image.label) for image in images] == [("a.png", 1), ("b.png", 0)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"0 0 b.png\n",
        b"0\t0\n",
        b"0\t0\t1\tb.png\n",
        b"x\t0\tb.png\n",
        b"0\tx\tb.png\n",
        b"0\t2\tb.png\n",
        b"0\t-1\tb.png\n",
        b"0\t0.5\tb.png\n",
        b"0\tnan\tb.png\n",
        b"0\t0\tabsent.png\n",
        b"0\t0\t" + b"long" * 100 + b".png\n",
        b"0\t0\tbicycle\n",
        b"0\t0\t../outside.png\n",
        b"0\t0\t/etc/hostname\n",
        b"0\t0\tb.png\n0\t1\tbicycle/a.png\n",
        b"\xff\xfe\x00",
    ],
)
def test_a_wrong_list_is_the_documented_error(channel, content):
    with pytest.raises(
        CustomerError, match=r"^Customer Error: Invalid lst file in the train channel\."
    ) as caught:
        channel(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"0\t0\t" + b"x" * 5000 + b"\n",
        b"0\t0\t" + "\U0001f6b2".encode() * 1200 + b"\n",
        b"0\t0\t../" + b"x" * 5000 + b"\n",
        b"0\t0\t" + b"\x01" * 3000 + b"\n",
        b"1" * 4000 + b"\t0\tb.png\n" + b"1" * 4000 + b"\t0\tb.png\n",
        b"0\t" + b"9" * 300 + b"\tb.png\n",
        b"0\t" + b"y" * 5000 + b"\tb.png\n",
    ],
)
def test_whatever_a_line_holds_the_error_is_short(channel, content):
    with pytest.raises(CustomerError) as caught:
        channel(content)
    assert len(str(caught.value)) < 300


def test_several_labels_are_a_0_or_1_for_each_class_in_order(channel):
    images = channel(b"5\t0\t1\t1\tb.png\n9\t0\t0\t0\tbicycle/a.png\n", THREE_LABELS)
    assert [(image.name, image.label) for image in images] == [("b.png", (0, 1, 1)), ("a.png", (0, 0, 0))]


@pytest.mark.parametrize("labels", [b"1", b"1\t0", b"1\t0\t0\t1"])
def test_another_number_of_labels_than_classes_is_the_recorded_error(channel, labels):
    with pytest.raises(CustomerError) as caught:
        channel(b"0\t" + labels + b"\tb.png\n", THREE_LABELS)
    count = len(labels.split())
    assert str(caught.value) == (
        f"Customer Error: Mismatch between number of labels in the multi-label data ({count}) and the "
        "num_classes parameter (3). See train.lst line 1."
    )


def test_a_label_of_several_that_is_neither_0_nor_1_is_refused(channel):
    with pytest.raises(
        CustomerError, match=r"train\.lst line 1: with multi_label 1 each label must be 0 or 1"
    ):
        channel(b"0\t0\t2\t1\tb.png\n", THREE_LABELS)


def test_of_many_missing_files_the_first_is_named_and_all_are_counted(channel):
    with pytest.raises(CustomerError) as caught:
        channel(b"0\t0\tb.png\n1\t1\tabsent.png\n2\t0\tbicycle/gone.png\n")
    assert str(caught.value) == (
        "Customer Error: Invalid lst file in the train channel. "
        "train.lst line 2: the channel has no file 'absent.png'; missing are 2 of 3 files."
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(channel, content):
    try:
        assert all(image.content.is_file() for image in channel(content))
    except CustomerError as error:
        assert "Invalid lst file" in str(error)
