"""An archive from a stranger is CIFAR-100, or is refused with one line that says why."""

import gzip
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_staging.cifar100 import archive
from data_staging.errors import BadArchive
from data_staging.sample import pickle_as_python_2, write_sample
from training import tar_gz

Pack = Callable[..., Path]


def half(**changes: Any) -> bytes:
    """A pickle of two pictures, with some of its entries changed."""
    content = {
        "filenames": ["a.png", "b.png"],
        "fine_labels": [8, 48],
        "coarse_labels": [18, 18],
        "data": np.zeros((2, 3072), np.uint8),
    }
    return pickle_as_python_2(content | changes)


def members(meta: bytes, train: bytes | None = None) -> dict[str, bytes]:
    return {
        "cifar-100-python/meta": meta,
        "cifar-100-python/train": half() if train is None else train,
        "cifar-100-python/test": half(),
    }


def refusal(path: Path) -> str:
    """The line that refuses an archive."""
    with pytest.raises(BadArchive) as refused:
        archive.read(path)
    line = str(refused.value)
    assert "\n" not in line
    assert str(path) in line
    return line


def test_an_archive_is_read_whole(archive_of: Pack, meta: bytes) -> None:
    content = archive.read(archive_of(members(meta) | {"cifar-100-python/file.txt~": b"left over"}))
    assert len(content.class_names) == 100
    assert content.train.names == ["a.png", "b.png"]
    assert content.train.labels == [8, 48]
    assert content.test.pixels.shape == (2, 3072)
    assert not content.generated


def test_an_archive_packed_anew_by_its_user_is_read(tmp_path: Path, meta: bytes) -> None:
    path = tmp_path / "again.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as packed:
        folder = tarfile.TarInfo("./cifar-100-python")
        folder.type = tarfile.DIRTYPE
        packed.addfile(folder)
        for name, content in members(meta).items():
            header = tarfile.TarInfo(f"./{name}")
            # A fraction of a second takes an extended header.
            header.size, header.mtime = len(content), 1.5
            packed.addfile(header, io.BytesIO(content))
    assert archive.read(path).train.labels == [8, 48]


def test_nothing_is_extracted(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive.read(drawn)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "cifar-100-python/../../train"])
def test_a_member_that_points_out_of_the_archive_is_refused(name: str, archive_of: Pack, meta: bytes) -> None:
    assert "points out of the archive" in refusal(archive_of(members(meta) | {name: b"x"}))


def test_a_name_out_of_an_extended_header_is_checked_as_well(archive_of: Pack, meta: bytes) -> None:
    header = tarfile.TarInfo("harmless")
    header.pax_headers = {"path": "../evil"}
    assert "points out of the archive" in refusal(archive_of(members(meta), header))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_a_member_that_is_no_file_is_refused(kind: bytes, archive_of: Pack, meta: bytes) -> None:
    header = tarfile.TarInfo("cifar-100-python/train")
    header.type, header.linkname = kind, "/etc/passwd"
    assert "neither a plain file nor a folder" in refusal(archive_of(members(meta), header))


@pytest.mark.parametrize(
    ("kind", "size", "limit"),
    [
        (tarfile.REGTYPE, 1 << 40, "more than 1024 MiB"),
        (tarfile.XHDTYPE, 2 << 20, "more than 1 MiB"),
        (tarfile.GNUTYPE_LONGNAME, 2 << 20, "more than 1 MiB"),
    ],
)
def test_a_huge_member_is_refused_before_it_is_read(
    kind: bytes, size: int, limit: str, tmp_path: Path
) -> None:
    header = tarfile.TarInfo("cifar-100-python/train")
    header.type, header.size = kind, size
    path = tmp_path / "huge.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT)))
    assert limit in refusal(path)


def test_extended_headers_of_extended_headers_are_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("name of a name")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 4
    path = tmp_path / "names.tar.gz"
    path.write_bytes(gzip.compress(2000 * (header.tobuf(tarfile.GNU_FORMAT) + b"name".ljust(512, b"\0"))))
    assert "no whole .tar.gz file" in refusal(path)


def test_a_gzip_bomb_is_refused_when_it_has_unpacked_to_its_limit(
    archive_of: Pack, meta: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tar_gz, "MAX_BYTES", 1 << 20)
    assert "unpacks to more than 1,048,576" in refusal(archive_of(members(meta) | {"zeros": bytes(1 << 20)}))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(share: float, drawn: Path, tmp_path: Path) -> None:
    path = tmp_path / "truncated.tar.gz"
    path.write_bytes(drawn.read_bytes()[: int(share * drawn.stat().st_size)])
    assert "cannot be used" in refusal(path)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.tar.gz"
    path.write_text("<html>Not found</html>")
    assert "no whole .tar.gz file" in refusal(path)
    path.write_bytes(gzip.compress(b"no tar, but long enough for one" * 100))
    assert "download or copy it again" in refusal(path)


def test_another_data_set_is_refused(archive_of: Pack) -> None:
    cifar10 = {"cifar-10-batches-py/data_batch_1": b"", "cifar-10-batches-py/batches.meta": b""}
    assert "no cifar-100-python/meta" in refusal(archive_of(cifar10))


def test_a_hostile_pickle_is_refused_by_the_name_of_what_it_calls(archive_of: Pack, meta: bytes) -> None:
    line = refusal(archive_of(members(meta, b"\x80\x02cposix\nsystem\n(U\x02idtR.")))
    assert "cifar-100-python/train" in line
    assert "posix.system" in line


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"data": np.zeros((2, 1024), np.uint8)}, "3072 bytes a picture"),
        ({"data": "pixels"}, "3072 bytes a picture"),
        ({"data": np.zeros((3, 3072), np.uint8)}, "3 pictures, but 2 labels and 2 file names"),
        ({"fine_labels": [8, 100]}, "labels outside 0..99"),
        ({"fine_labels": ["8", "48"]}, "fine_labels that are whole numbers"),
        ({"filenames": ["a.png", "../../b.png"]}, "plain names"),
        ({"filenames": ["a.png", "b\tc.png"]}, "plain names"),
        ({"filenames": ["a.png", "b.exe"]}, "plain names"),
    ],
)
def test_rows_that_make_no_sense_are_refused(
    changes: dict[str, Any], complaint: str, archive_of: Pack, meta: bytes
) -> None:
    assert complaint in refusal(archive_of(members(meta, half(**changes))))


@pytest.mark.parametrize("names", [["apple", "apple"], ["../apple"], [""], "apple"])
def test_class_names_that_make_no_sense_are_refused(names: Any, archive_of: Pack) -> None:
    assert "meta" in refusal(archive_of(members(pickle_as_python_2({"fine_label_names": names}))))


def test_a_member_given_twice_is_refused(tmp_path: Path, meta: bytes) -> None:
    path = tmp_path / "twice.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for _ in range(2):
            header = tarfile.TarInfo("cifar-100-python/meta")
            header.size = len(meta)
            packed.addfile(header, io.BytesIO(meta))
    assert "twice" in refusal(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn archive of four pictures, in a folder to damage it in."""
    path = tmp_path_factory.mktemp("small") / "small.tar.gz"
    write_sample(path, 1, 1)
    return path


def test_a_damaged_download_is_not_called_a_hostile_pickle(small: Path) -> None:
    content = small.read_bytes()
    for position in range(60, len(content) - 20, 7):
        damaged = small.with_name("flipped.tar.gz")
        damaged.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        try:
            archive.read(damaged)  # Some bits of a packed file are of no account.
        except BadArchive as error:
            assert "the pickle" not in str(error)


def test_a_pickle_of_another_protocol_is_refused_with_the_advice_to_take_the_authors(
    archive_of: Pack, meta: bytes
) -> None:
    line = refusal(archive_of(members(meta, pickle.dumps({"filenames": ["a.png"]}, 4))))
    assert "use the author's archive" in line


@given(position=st.integers(0, 1 << 20), flipped=st.integers(1, 255))
def test_one_wrong_byte_is_noticed_or_makes_no_difference(small: Path, position: int, flipped: int) -> None:
    content = bytearray(small.read_bytes())
    content[position % len(content)] ^= flipped
    damaged = small.with_name("damaged.tar.gz")
    damaged.write_bytes(content)
    try:
        read = archive.read(damaged)
    except BadArchive:
        return
    good = archive.read(small)
    assert read.train.names == good.train.names
    assert np.array_equal(read.train.pixels, good.train.pixels)
