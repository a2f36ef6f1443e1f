"""A pickle from a stranger gives CIFAR-100's data or a plain error; it never runs code or eats the memory."""

import io
import os
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_staging.cifar100 import pickles
from data_staging.sample import pickle_as_python_2

GOOD = pickle_as_python_2(
    {
        "filenames": ["a.png", "b.png"],
        "fine_labels": [3, 99],
        "data": np.arange(6144, dtype=np.uint16).astype(np.uint8).reshape(2, 3072),
    }
)
INSTRUCTIONS = [
    pickle.EMPTY_DICT,
    pickle.EMPTY_LIST,
    pickle.MARK,
    pickle.SETITEMS,
    pickle.APPENDS,
    pickle.TUPLE,
    pickle.TUPLE1,
    pickle.TUPLE3,
    pickle.BINPUT + b"\x01",
    pickle.BINGET + b"\x01",
    pickle.LONG_BINPUT + b"\xff\xff\xff\xff",
    pickle.BININT1 + b"\x07",
    pickle.BININT + b"\xff\xff\xff\xff",
    pickle.SHORT_BINSTRING + b"\x02u1",
    pickle.NONE,
    pickle.NEWFALSE,
    pickle.REDUCE,
    pickle.BUILD,
    pickle.GLOBAL + b"numpy\nndarray\n",
    pickle.GLOBAL + b"numpy\ndtype\n",
    pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n",
    pickle.STOP,
]


class Command:
    """What an attacker pickles."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("touch /tmp/data-staging-was-attacked",)


def load(content: bytes) -> dict[bytes, object]:
    return pickles.load(io.BytesIO(content))


def test_the_real_pickles_are_read_as_python_reads_them(cifar100: Path) -> None:
    with tarfile.open(cifar100) as archive:
        for part in ("meta", "train", "test"):
            content = archive.extractfile(f"cifar-100-python/{part}").read()  # type: ignore[union-attr]
            ours, pythons = load(content), pickle.loads(content, encoding="bytes")
            assert ours.keys() == pythons.keys()
            for key, value in pythons.items():
                assert np.array_equal(ours[key], value), key


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_command_in_a_pickle_is_refused_and_never_runs(protocol: int) -> None:
    with pytest.raises(pickles.MalformedPickle):
        load(pickle.dumps({b"data": Command()}, protocol))
    assert not Path("/tmp/data-staging-was-attacked").exists()


@pytest.mark.parametrize(
    "called",
    ["posix\nsystem", "os\nsystem", "builtins\neval", "numpy\nload", "numpy.core.multiarray\nfromfile"],
)
def test_the_refusal_names_what_a_pickle_would_call(called: str) -> None:
    hostile = b"\x80\x02c" + called.encode() + b"\n(U\x02idtR."
    with pytest.raises(pickles.MalformedPickle, match=called.replace("\n", ".")):
        load(hostile)


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(b"\x80\x02Nr\xff\xff\xff\x7f.", id="memo index that makes Python's reader fill 32 GB"),
        pytest.param(b"\x80\x02T\xff\xff\xff\xff", id="string of 4 GB that is not there"),
        pytest.param(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b".", id="bytes of 4 exabytes"),
        pytest.param(
            b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85U\x01btR.",
            id="array of 2 GB without content",
        ),
        pytest.param(
            b"\x80\x02}(N" + b"\x85" * 100_000 + b"Nu.", id="deep key whose hash overflows the C stack"
        ),
        pytest.param(b"\x80\x02}(" + b"](" * 50_000 + b"e" * 50_000 + b"Nu.", id="deep list as a key"),
    ],
)
def test_a_bomb_is_refused(bomb: bytes) -> None:
    with pytest.raises(pickles.MalformedPickle):
        load(bomb)


def test_instructions_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "MAX_INSTRUCTIONS", 1000)
    with pytest.raises(pickles.MalformedPickle, match="more than 1000 instructions"):
        load(b"\x80\x02" + b"N" * 2000 + b".")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        pytest.param(b"U\x02u1", b"U\x02f4", "something else than unsigned bytes", id="floats"),
        pytest.param(b"U\x02u1", b"U\x02O8", "something else than unsigned bytes", id="objects"),
        pytest.param(b"\x89T", b"\x88T", "not plain rows of bytes", id="columns first"),
        pytest.param(b"J\x02\0\0\0", b"J\x03\0\0\0", "malformed", id="more rows than bytes"),
    ],
)
def test_arrays_of_anything_but_rows_of_bytes_are_refused(good: bytes, bad: bytes, complaint: str) -> None:
    assert good in GOOD
    with pytest.raises(pickles.MalformedPickle, match=complaint):
        load(GOOD.replace(good, bad))


@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(INSTRUCTIONS), max_size=40).map(b"".join)))
def test_any_bytes_and_any_order_of_instructions_give_a_dictionary_or_a_refusal(content: bytes) -> None:
    try:
        read = load(content + b".")
    except pickles.MalformedPickle:
        return
    assert isinstance(read, dict)


@given(st.integers(0, 300), st.integers(0, 255))
def test_one_wrong_byte_gives_a_dictionary_or_a_refusal(position: int, value: int) -> None:
    damaged = bytearray(GOOD)
    damaged[position] = value
    try:
        content = load(bytes(damaged))
    except pickles.MalformedPickle:
        return
    assert isinstance(content, dict)


@given(st.integers(0, len(GOOD) - 1))
def test_a_pickle_that_ends_early_is_refused(length: int) -> None:
    with pytest.raises(pickles.MalformedPickle):
        load(GOOD[:length])


@pytest.mark.parametrize(
    "garbage", [b"x" * 5000, b"\xff" * 5000, b"\x00" * 99 + b"\n" + b"\x01" * 99 + b"\n"]
)
def test_whatever_a_pickle_calls_the_error_is_short(garbage: bytes) -> None:
    with pytest.raises(pickles.MalformedPickle) as refused:
        load(pickle.PROTO + b"\x02" + pickle.GLOBAL + garbage)
    assert len(str(refused.value)) < 200
