"""`.lst` files: what AWS documents is read, everything else is the recorded customer error in one line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.contract import CustomerError
from training.list_file import find_list, read_list


@pytest.fixture
def channel(tmp_path):
    """Returns a function that writes a list and reads it, in a channel with two files."""
    images, lists = tmp_path / "train", tmp_path / "train_lst"
    (images / "bicycle").mkdir(parents=True)
    (images / "bicycle" / "a.png").touch()
    (images / "b.png").touch()
    (tmp_path / "outside.png").touch()
    lists.mkdir()

    def read(content):
        (lists / "train.lst").write_bytes(content)
        return read_list(find_list(lists, images), images, num_classes=2)

    return read


def test_lines_in_any_order_give_paths_and_labels(channel):
    images = channel(b"7\t1\tbicycle/a.png\n0\t0.000000\tb.png\n")
    assert [(image.path.name, image.label) for image in images] == [("a.png", 1), ("b.png", 0)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"0 0 b.png\n",
        b"0\t0\n",
        b"x\t0\tb.png\n",
        b"0\tx\tb.png\n",
        b"0\t2\tb.png\n",
        b"0\t-1\tb.png\n",
        b"0\t0.5\tb.png\n",
        b"0\tnan\tb.png\n",
        b"0\t0\tabsent.png\n",
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


def test_no_list_and_two_lists_are_refused(channel, tmp_path):
    with pytest.raises(CustomerError, match=r"Expected one \.lst in train_lst, found 0"):
        find_list(tmp_path / "train_lst", tmp_path / "train")
    (tmp_path / "train_lst" / "other.lst").touch()
    with pytest.raises(CustomerError, match="found 2"):
        channel(b"0\t0\tb.png\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(channel, content):
    try:
        assert all(image.path.is_file() for image in channel(content))
    except CustomerError as error:
        assert "Invalid lst file" in str(error)
